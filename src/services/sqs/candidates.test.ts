import { describe, expect, it } from "vitest";
import { Candidates, type Place } from "./candidates.ts";

/** The window of what receivers may take, over an index that is a plain list. */

const at = (ms: number, id = "a"): Place => ({ at: ms, id });

function indexOf(...places: Place[]) {
  const scans: Place[] = [];
  const scan = async (after: Place, limit: number) => {
    scans.push(after);
    return places
      .filter((one) => one.at > after.at || (one.at === after.at && one.id > after.id))
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  };
  return { places, scans, scan };
}

describe("candidates", () => {
  it("go to one call each, the first first", async () => {
    const { scan } = indexOf(at(3), at(1), at(2));
    const candidates = new Candidates();
    expect(await candidates.take("one", 2, 10, scan)).toEqual([at(1), at(2)]);
    expect(await candidates.take("two", 2, 10, scan)).toEqual([at(3)]);
    expect(await candidates.take("three", 2, 10, scan)).toEqual([]);
  });

  it("go to the same call when it runs again, and to others when it gives them back", async () => {
    const { scan } = indexOf(at(1), at(2));
    const candidates = new Candidates();
    const first = await candidates.take("one", 1, 10, scan);
    expect(await candidates.take("one", 1, 10, scan)).toEqual(first);
    candidates.release("one");
    expect(await candidates.take("two", 1, 10, scan)).toEqual([at(1)]);
  });

  it("are looked for once for many calls that come at once", async () => {
    const { scan, scans } = indexOf(at(1), at(2));
    const candidates = new Candidates();
    const calls = Array.from({ length: 10 }, (_, i) => candidates.take(String(i), 1, 10, scan));
    expect((await Promise.all(calls)).flat()).toHaveLength(2);
    expect(scans).toHaveLength(1);
  });

  it("come when their time has come, without being offered again", async () => {
    const { scan } = indexOf(at(5));
    const candidates = new Candidates();
    expect(await candidates.take("one", 1, 4, scan)).toEqual([]);
    expect(candidates.nextAt).toBe(5);
    expect(await candidates.take("one", 1, 5, scan)).toEqual([at(5)]);
  });

  it("that are offered need no look, even before where the last one ended", async () => {
    const index = indexOf();
    const candidates = new Candidates();
    expect(await candidates.take("one", 1, 10, index.scan)).toEqual([]);
    candidates.offer(at(9), 11);
    candidates.offer(at(11), 11);
    candidates.offer(at(11), 11);
    expect(await candidates.take("two", 3, 11, index.scan)).toEqual([at(9), at(11)]);
    expect(index.scans).toHaveLength(1);
  });

  it("are found where the window could not hold them", async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => at(i + 1, "m"));
    const index = indexOf();
    const candidates = new Candidates();
    await candidates.take("empty", 1, 0, index.scan);
    for (const place of many) {
      index.places.push(place);
      candidates.offer(place, 5_000);
    }
    const got: Place[] = [];
    for (let call = 0; got.length < many.length && call < 1_000; call += 1) {
      const taken = await candidates.take(String(call), 10, 5_000, index.scan);
      got.push(...taken);
      for (const place of taken) index.places.splice(index.places.indexOf(place), 1);
      candidates.done(String(call));
    }
    expect(got).toEqual(many);
  });
});
