"""The ARC SDK's MultiProviderJWTValidator: what it says of tokens.

Reads {"providers": {name: {"jwks_url", "issuer", "audience"}}, "tokens": […]} from the variable ASKED, and prints one JSON list.
"""

import asyncio
import json
import os

import jwt
from arc.auth import JWTValidator, MultiProviderJWTValidator, jwt_validator


# It asks PyJWT for an option by a name that PyJWT does not have.
def key_client(url, cache_ttl, max_cached_keys):
    return jwt.PyJWKClient(url, lifespan=cache_ttl, max_cached_keys=max_cached_keys)


jwt_validator.PyJWKClient = key_client


async def main():
    asked = json.loads(os.environ["ASKED"])
    validator = MultiProviderJWTValidator({name: JWTValidator(**one) for name, one in asked["providers"].items()})
    outcomes = []
    for token in asked["tokens"]:
        try:
            claims = await validator.validate_token(token)
            outcomes.append({"provider": claims["_provider"]})
        except Exception as error:
            outcomes.append({"refused": f"{type(error).__name__}: {error}"})
    print(json.dumps(outcomes))


asyncio.run(main())
