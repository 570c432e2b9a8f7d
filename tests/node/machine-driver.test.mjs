// The one timer of a machine's driver, on a computer that sleeps and whose clock somebody sets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineDriver } from "../../pkg/platform/machine-driver.js";

const HOUR = 3_600_000;
const START = 1_800_000_000_000;
const module = { epoch: 0, guarded: (work) => work() };

/** A driver, the clock that it is told, and the other one, by which timers run. */
function driven(t, options) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = START;
  let uptime = 5000;
  let timers = 0;
  t.mock.method(performance, "now", () => uptime);
  const { setTimeout } = globalThis;
  t.mock.method(globalThis, "setTimeout", (...args) => {
    timers += 1;
    return setTimeout(...args);
  });
  const woken = [];
  let deadline;
  const machine = { free() {}, pollTimeout: () => deadline };
  const driver = new MachineDriver(module, { make: () => machine, onTimeout: () => woken.push(now), ...options });
  return {
    woken,
    timers: () => timers,
    arm(until) {
      deadline = until;
      driver.arm(machine, now);
    },
    pass(ms) {
      now += ms;
      uptime += ms;
      t.mock.timers.tick(ms);
    },
    /** A sleep, or somebody who sets the clock. */
    jump(ms) {
      now += ms;
    },
  };
}

for (const isPatient of [false, true]) {
  const who = isPatient ? "a patient driver" : "a driver";

  test(`${who}: after a sleep, a new deadline is kept, and not the old timer waited for`, (t) => {
    const { woken, arm, pass, jump } = driven(t, { isPatient });
    arm(START + 60_000);
    pass(1000);
    jump(HOUR);
    arm(START + HOUR + 6000);
    pass(4999);
    assert.deepEqual(woken, []);
    pass(1);
    assert.deepEqual(woken, [START + HOUR + 6000]);
  });

  test(`${who}: after a sleep, a deadline that is over is looked at once`, (t) => {
    const { woken, arm, pass, jump } = driven(t, { isPatient });
    arm(START + 60_000);
    jump(HOUR);
    arm(START + 60_000);
    pass(1);
    assert.deepEqual(woken, [START + HOUR + 1]);
  });

  test(`${who}: the same deadline asks for no other timer`, (t) => {
    const { woken, timers, arm, pass } = driven(t, { isPatient });
    for (let i = 0; i < 50; i++) {
      arm(START + 60_000);
      pass(1000);
    }
    assert.equal(timers(), 1);
    pass(10_000);
    assert.deepEqual(woken, [START + 60_000]);
  });
}

test("a driver sets its timer for a deadline that has moved away", (t) => {
  const { woken, arm, pass } = driven(t);
  arm(START + 5000);
  arm(START + 9000);
  pass(8999);
  assert.deepEqual(woken, []);
  pass(1);
  assert.deepEqual(woken, [START + 9000]);
});

test("a patient driver leaves its timer when the deadline moves away, and sets it when it comes nearer", (t) => {
  const { woken, timers, arm, pass } = driven(t, { isPatient: true });
  arm(START + 5000);
  for (let i = 1; i <= 50; i++) arm(START + 5000 + i);
  assert.equal(timers(), 1);
  arm(START + 3000);
  pass(3000);
  assert.deepEqual(woken, [START + 3000]);
});
