import { Component } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { JwtVerifier, TokenManager } from "arcgate";
import { check, show } from "../check.mjs";

@Component({ selector: "app-root", template: "<p>Angular</p>" })
class App {
  constructor() {
    check({ JwtVerifier, TokenManager }).then(show);
  }
}

bootstrapApplication(App);
