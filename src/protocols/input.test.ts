import { expectTypeOf, test } from "vitest";
import type { Operations as Iam } from "../../build/contracts/iam.d.ts";
import type { Operations as Kms } from "../../build/contracts/kms.d.ts";
import type { Input } from "./input.ts";

test("inputs are what a handler may rely on", () => {
  type Encrypt = Kms["Encrypt"]["input"];
  expectTypeOf<Encrypt["KeyId"]>().toEqualTypeOf<string>();
  expectTypeOf<Encrypt["Plaintext"]>().toEqualTypeOf<Buffer>();
  expectTypeOf<Encrypt["EncryptionContext"]>().toEqualTypeOf<Record<string, string> | undefined>();
  expectTypeOf<Encrypt["GrantTokens"]>().toEqualTypeOf<string[] | undefined>();
  type Tags = NonNullable<Iam["CreateUser"]["input"]["Tags"]>;
  expectTypeOf<Tags[number]>().toEqualTypeOf<{ Key: string; Value: string }>();
  expectTypeOf<Input<{ at?: Date; any: undefined | number }>>().toEqualTypeOf<{ at?: Date; any: number }>();
});

test("outputs and errors are the model's", () => {
  expectTypeOf<"NotFoundException">().toExtend<Kms["Encrypt"]["errors"]>();
  expectTypeOf<"NoSuchEntityException">().not.toExtend<Kms["Encrypt"]["errors"]>();
  expectTypeOf<{ CiphertextBlob: Buffer; KeyId: string }>().toExtend<Kms["Encrypt"]["output"]>();
  expectTypeOf<{ KeyId: number }>().not.toExtend<Kms["Encrypt"]["output"]>();
});
