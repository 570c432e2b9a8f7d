import { Component } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { JwtVerifier, TokenManager } from "arcgate";
// @ts-expect-error: it has no types
import { check, show } from "../check.mjs";

@Component({ selector: "app-root", template: "<p>Angular</p>" })
class App {
  constructor() {
    check({ JwtVerifier, TokenManager }).then(show);
  }
}

bootstrapApplication(App);
