import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordRow } from "../kit/record.ts";
import { rowText } from "./recordText.ts";

describe("the text of a row of the record", () => {
  it("is what JSON.stringify makes of it, whatever its texts hold", () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const event = fc.record({
      eventVersion: fc.constant("1.11"),
      userIdentity: fc.dictionary(text, maybe(fc.jsonValue())),
      eventTime: fc.constant("2026-11-24T09:58:18Z"),
      eventSource: fc.constant("kms.amazonaws.com"),
      eventName: text,
      awsRegion: text,
      sourceIPAddress: text,
      userAgent: text,
      errorCode: maybe(text),
      errorMessage: maybe(text),
      requestParameters: fc.jsonValue(),
      responseElements: fc.jsonValue(),
      additionalEventData: maybe(fc.dictionary(text, fc.jsonValue())),
      requestID: maybe(text),
      eventID: fc.uuid(),
      readOnly: fc.boolean(),
      resources: maybe(fc.array(fc.record({ accountId: text, type: text, ARN: text }))),
      eventType: fc.constant("AwsApiCall"),
      managementEvent: fc.boolean(),
      recipientAccountId: text,
      sharedEventID: maybe(fc.uuid()),
      eventCategory: fc.constant("Management"),
      tlsDetails: maybe(fc.dictionary(text, text)),
    });
    const row: fc.Arbitrary<RecordRow> = fc.record({
      account: text,
      region: text,
      event,
      resources: maybe(fc.array(fc.record({ type: text, name: text }))),
      userName: maybe(text),
      hops: maybe(fc.nat()),
      decisions: maybe(fc.array(fc.jsonValue())),
    });
    fc.assert(
      fc.property(row, (given) => {
        expect(JSON.parse(rowText(given))).toEqual(JSON.parse(JSON.stringify(given)));
      }),
    );
  });
});
