import type { StateValue } from "../tables.ts";

/**
 * The rules of composite alarms: `ALARM(a) AND NOT (OK("b c") OR INSUFFICIENT_DATA(d))`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
export interface Rule {
  /** Names or ARNs of the alarms in it. */
  alarms: string[];
  holds(stateOf: (alarm: string) => StateValue | undefined): boolean;
}

export class BadRule extends Error {}

type Test = Rule["holds"];

const states: readonly string[] = ["ALARM", "OK", "INSUFFICIENT_DATA"];
const maxDepth = 100;

export function parseRule(text: string): Rule {
  return new RuleParser(text).whole();
}

class RuleParser {
  readonly #tokens: string[];
  #at = 0;
  #depth = 0;
  readonly #alarms = new Set<string>();

  constructor(text: string) {
    this.#tokens = text.match(/"[^"]*"|'[^']*'|[(),]|[^\s(),"']+/g) ?? [];
  }

  whole(): Rule {
    const holds = this.#any();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return { alarms: [...this.#alarms], holds };
  }

  #unexpected(): BadRule {
    const token = this.#tokens[this.#at];
    return new BadRule(token === undefined ? "The rule ends too early." : `Unexpected '${token}'.`);
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#takes(symbol)) throw this.#unexpected();
  }

  #any(): Test {
    const tests = [this.#all()];
    while (this.#takes("OR")) tests.push(this.#all());
    return (stateOf) => tests.some((test) => test(stateOf));
  }

  #all(): Test {
    const tests = [this.#one()];
    while (this.#takes("AND")) tests.push(this.#one());
    return (stateOf) => tests.every((test) => test(stateOf));
  }

  #one(): Test {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new BadRule("The rule nests too deeply.");
    const test = this.#term();
    this.#depth -= 1;
    return test;
  }

  #term(): Test {
    if (this.#takes("NOT")) {
      const test = this.#one();
      return (stateOf) => !test(stateOf);
    }
    if (this.#takes("(")) {
      const test = this.#any();
      this.#expect(")");
      return test;
    }
    if (this.#takes("TRUE")) return () => true;
    if (this.#takes("FALSE")) return () => false;
    if (this.#takes("AT_LEAST")) return this.#atLeast();
    const state = this.#state();
    this.#expect("(");
    const alarm = this.#alarm();
    this.#expect(")");
    return (stateOf) => stateOf(alarm) === state;
  }

  #state(): string {
    const state = states.find((name) => this.#takes(name));
    if (state === undefined) throw this.#unexpected();
    return state;
  }

  #alarm(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || /^[(),]$/.test(token)) throw this.#unexpected();
    this.#at += 1;
    const name = /^["']/.test(token) ? token.slice(1, -1) : token;
    this.#alarms.add(name);
    return name;
  }

  /** AT_LEAST(2, ALARM, (a, b, c)), AT_LEAST(50%, OK, (a, b)), AT_LEAST(1, NOT ALARM, (a, b)) */
  #atLeast(): Test {
    this.#expect("(");
    const amount = /^(\d+)(%?)$/.exec(this.#tokens[this.#at] ?? "");
    if (amount === null) throw this.#unexpected();
    this.#at += 1;
    this.#expect(",");
    const negated = this.#takes("NOT");
    const state = this.#state();
    this.#expect(",");
    this.#expect("(");
    const alarms = [this.#alarm()];
    while (this.#takes(",")) alarms.push(this.#alarm());
    this.#expect(")");
    this.#expect(")");
    const needed = amount[2] === "%" ? (Number(amount[1]) / 100) * alarms.length : Number(amount[1]);
    return (stateOf) => alarms.filter((alarm) => (stateOf(alarm) === state) !== negated).length >= needed;
  }
}
