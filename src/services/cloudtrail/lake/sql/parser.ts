import { type Token, tokensOf } from "./lexer.ts";
import {
  type AggregateName,
  type Comparison,
  type Expression,
  type Item,
  type Select,
  SqlError,
} from "./syntax.ts";

/** Reads a statement; throws SqlError. `?` stands for the parameters, in order. */
export function parseSelect(statement: string, parameters: readonly string[] = []): Select {
  return new Parser(statement, parameters).statement();
}

/** Parentheses and calls within each other. */
const maxDepth = 100;
const aggregates = new Set(["count", "sum", "min", "max", "avg"]);
const comparisons = new Set(["=", "<>", "<", ">", "<=", ">="]);
const reserved = new Set(
  "select from where group by having order limit and or not like in between is null as asc desc distinct".split(
    " ",
  ),
);

class Parser {
  readonly #tokens: Token[];
  readonly #parameters: readonly string[];
  #at = 0;
  #depth = 0;
  #used = 0;

  constructor(statement: string, parameters: readonly string[]) {
    this.#tokens = tokensOf(statement);
    this.#parameters = parameters;
  }

  statement(): Select {
    this.#need("select");
    const distinct = this.#word("distinct");
    const items = this.#symbol("*") ? undefined : this.#list((i) => this.#item(i));
    this.#need("from");
    const from = this.#name();
    if (!this.#isReserved() && this.#token.kind === "word") this.#name();
    const select: Select = { distinct, items, from, groupBy: [], orderBy: [] };
    if (this.#word("where")) select.where = this.#expression();
    if (this.#word("group")) {
      this.#need("by");
      select.groupBy = this.#list(() => this.#expression());
    }
    if (this.#word("having")) select.having = this.#expression();
    if (this.#word("order")) {
      this.#need("by");
      select.orderBy = this.#list(() => this.#sortKey());
    }
    if (this.#word("limit")) select.limit = this.#count();
    this.#symbol(";");
    if (this.#token.kind !== "end") throw this.#unexpected();
    if (this.#used < this.#parameters.length) throw new SqlError("more parameters than question marks");
    return select;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #isReserved(): boolean {
    const { kind, text, quoted } = this.#token;
    return kind === "word" && !quoted && reserved.has(text.toLowerCase());
  }

  #word(...words: string[]): boolean {
    const { kind, text, quoted } = this.#token;
    if (kind !== "word" || quoted || !words.includes(text.toLowerCase())) return false;
    this.#at += 1;
    return true;
  }

  #symbol(text: string): boolean {
    if (this.#token.kind !== "symbol" || this.#token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #need(word: string): void {
    if (!this.#word(word)) throw this.#unexpected();
  }

  #needSymbol(text: string): void {
    if (!this.#symbol(text)) throw this.#unexpected();
  }

  #unexpected(): SqlError {
    const { kind, text } = this.#token;
    return new SqlError(kind === "end" ? "unexpected end of the statement" : `mismatched input '${text}'`);
  }

  #list<T>(one: (index: number) => T): T[] {
    const items = [one(0)];
    while (this.#symbol(",")) items.push(one(items.length));
    return items;
  }

  #name(): string {
    const { kind, text } = this.#token;
    if (kind !== "word" || this.#isReserved()) throw this.#unexpected();
    this.#at += 1;
    return text;
  }

  #count(): number {
    const { kind, text } = this.#token;
    if (kind !== "number" || !/^\d+$/.test(text)) throw this.#unexpected();
    this.#at += 1;
    return Number(text);
  }

  #item(index: number): Item {
    const expression = this.#expression();
    const named = this.#word("as") || (this.#token.kind === "word" && !this.#isReserved());
    if (named) return { expression, name: this.#name() };
    // Trino's own names of what has none.
    const name = expression.kind === "column" ? expression.path.at(-1) : undefined;
    return { expression, name: name ?? `_col${index}` };
  }

  #sortKey() {
    const expression = this.#expression();
    const descending = this.#word("desc");
    if (!descending) this.#word("asc");
    return { expression, descending };
  }

  #expression(): Expression {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new SqlError("the statement is nested too deeply");
    let left = this.#conjunction();
    while (this.#word("or")) left = { kind: "or", left, right: this.#conjunction() };
    this.#depth -= 1;
    return left;
  }

  #conjunction(): Expression {
    let left = this.#negation();
    while (this.#word("and")) left = { kind: "and", left, right: this.#negation() };
    return left;
  }

  #negation(): Expression {
    let negations = 0;
    while (this.#word("not")) negations += 1;
    const of = this.#predicate();
    return negations % 2 === 1 ? { kind: "not", of } : of;
  }

  #predicate(): Expression {
    const of = this.#operand();
    if (this.#token.kind === "symbol" && comparisons.has(this.#token.text)) {
      const operator = this.#token.text as Comparison;
      this.#at += 1;
      return { kind: "compare", operator, left: of, right: this.#operand() };
    }
    if (this.#word("is")) {
      const negated = this.#word("not");
      this.#need("null");
      return negatedIf(negated, { kind: "isNull", of });
    }
    const negated = this.#word("not");
    if (this.#word("like")) return negatedIf(negated, { kind: "like", of, pattern: this.#operand() });
    if (this.#word("in")) {
      this.#needSymbol("(");
      const list = this.#list(() => this.#operand());
      this.#needSymbol(")");
      return negatedIf(negated, { kind: "in", of, list });
    }
    if (this.#word("between")) {
      const low = this.#operand();
      this.#need("and");
      return negatedIf(negated, { kind: "between", of, low, high: this.#operand() });
    }
    if (negated) throw this.#unexpected();
    return of;
  }

  #operand(): Expression {
    const { kind, text } = this.#token;
    if (this.#symbol("(")) {
      const inner = this.#expression();
      this.#needSymbol(")");
      return inner;
    }
    if (this.#symbol("?")) return this.#parameter();
    if (this.#symbol("-")) {
      const number = this.#operand();
      if (number.kind !== "literal" || typeof number.value !== "number") throw this.#unexpected();
      return { kind: "literal", value: -number.value };
    }
    if (kind === "string" || kind === "number") {
      this.#at += 1;
      return { kind: "literal", value: kind === "number" ? Number(text) : text };
    }
    if (this.#word("null")) return { kind: "literal", value: null };
    if (this.#word("true")) return { kind: "literal", value: true };
    if (this.#word("false")) return { kind: "literal", value: false };
    return this.#named();
  }

  #parameter(): Expression {
    const value = this.#parameters[this.#used];
    if (value === undefined) throw new SqlError("a question mark has no parameter");
    this.#used += 1;
    return { kind: "literal", value };
  }

  /** A call, a column, or a time: timestamp '2026-11-25 00:00:00'. */
  #named(): Expression {
    const name = this.#name();
    const { kind, text } = this.#token;
    if (name.toLowerCase() === "timestamp" && kind === "string") {
      this.#at += 1;
      return { kind: "literal", value: text };
    }
    if (this.#symbol("(")) return this.#call(name.toLowerCase());
    const path = [name];
    for (;;) {
      if (this.#symbol(".")) path.push(this.#name());
      else if (this.#symbol("[")) {
        const key = this.#token;
        if (key.kind !== "string") throw this.#unexpected();
        this.#at += 1;
        path.push(key.text);
        this.#needSymbol("]");
      } else return { kind: "column", path };
    }
  }

  #call(name: string): Expression {
    if (!aggregates.has(name)) {
      const args = this.#symbol(")") ? [] : this.#args();
      return { kind: "call", name, args };
    }
    const distinct = this.#word("distinct");
    const all = name === "count" && !distinct && this.#symbol("*");
    const of = all ? undefined : this.#expression();
    this.#needSymbol(")");
    return { kind: "aggregate", name: name as AggregateName, of, distinct };
  }

  #args(): Expression[] {
    const args = this.#list(() => this.#expression());
    this.#needSymbol(")");
    return args;
  }
}

function negatedIf(negated: boolean, of: Expression): Expression {
  return negated ? { kind: "not", of } : of;
}
