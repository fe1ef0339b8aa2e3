import type { TableRow } from "./tables.ts";

/** Capacity units. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html */

const readUnitBytes = 4096;
const writeUnitBytes = 1024;

export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / readUnitBytes)) * (consistent ? 1 : 0.5);
}

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / writeUnitBytes));
}

export interface Units {
  read: number;
  write: number;
}

/** What one call uses of one table and its indexes. */
export class Meter {
  readonly table: TableRow;
  readonly own: Units = { read: 0, write: 0 };
  readonly #indexes = new Map<string, Units>();

  constructor(table: TableRow) {
    this.table = table;
  }

  read(units: number, index?: string): void {
    this.#units(index).read += units;
  }

  write(units: number, index?: string): void {
    this.#units(index).write += units;
  }

  /** Transactions prepare and commit each write. */
  double(): void {
    for (const units of [this.own, ...this.#indexes.values()]) {
      units.read *= 2;
      units.write *= 2;
    }
  }

  of(index: string): Units {
    return this.#indexes.get(index) ?? { read: 0, write: 0 };
  }

  #units(index: string | undefined): Units {
    if (index === undefined) return this.own;
    let units = this.#indexes.get(index);
    if (units === undefined) {
      units = { read: 0, write: 0 };
      this.#indexes.set(index, units);
    }
    return units;
  }

  get total(): Units {
    const total = { ...this.own };
    for (const { read, write } of this.#indexes.values()) {
      total.read += read;
      total.write += write;
    }
    return total;
  }

  /** As an answer shows it; `detailed` in transactions and their like, which tell reads from writes. */
  shown(wanted: string | undefined, detailed = false) {
    if (wanted === undefined || wanted === "NONE") return undefined;
    const total = this.total;
    const summary = { TableName: this.table.name, ...unitsShown(total, detailed) };
    if (wanted === "TOTAL") return summary;
    const group = (kind: "global" | "local") => {
      const named = this.table.indexes.filter(
        (index) => index.kind === kind && this.#indexes.has(index.name),
      );
      if (named.length === 0) return undefined;
      return Object.fromEntries(named.map(({ name }) => [name, unitsShown(this.of(name), detailed)]));
    };
    const [globals, locals] = [group("global"), group("local")];
    return {
      ...summary,
      Table: unitsShown(this.own, detailed),
      ...(locals && { LocalSecondaryIndexes: locals }),
      ...(globals && { GlobalSecondaryIndexes: globals }),
    };
  }
}

function unitsShown({ read, write }: Units, detailed: boolean) {
  return {
    CapacityUnits: read + write,
    ...(detailed && read > 0 && { ReadCapacityUnits: read }),
    ...(detailed && write > 0 && { WriteCapacityUnits: write }),
  };
}

/** The meters of one call, by table. */
export class Meters {
  readonly #meters = new Map<string, Meter>();

  of(table: TableRow): Meter {
    let meter = this.#meters.get(table.arn);
    if (meter === undefined) {
      meter = new Meter(table);
      this.#meters.set(table.arn, meter);
    }
    return meter;
  }

  get all(): Meter[] {
    return [...this.#meters.values()];
  }

  shown(wanted: string | undefined, detailed = false) {
    if (wanted === undefined || wanted === "NONE") return undefined;
    return this.all.flatMap((meter) => meter.shown(wanted, detailed) ?? []);
  }
}
