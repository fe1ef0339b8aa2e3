import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { metadataOf, newIdp } from "../../../test/idp.ts";
import { account, type Bench, startBench } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

describe("an OpenID Connect provider", () => {
  const OpenIDConnectProviderArn = `arn:aws:iam::${account}:oidc-provider/issuer.example.com/path`;

  it("is made once for an issuer, and keeps its audiences and thumbprints", async () => {
    const Url = "https://issuer.example.com/path";
    const made = await bench.root.createOpenIDConnectProvider({
      Url,
      ClientIDList: ["one", "one"],
      ThumbprintList: ["AB".repeat(20)],
      Tags: [{ Key: "team", Value: "red" }],
    });
    expect(made.OpenIDConnectProviderArn).toBe(OpenIDConnectProviderArn);
    expect(await errorOf(bench.root.createOpenIDConnectProvider({ Url }))).toMatchObject({
      name: "EntityAlreadyExistsException",
      message: `Provider with url ${Url} already exists.`,
    });
    await bench.root.addClientIDToOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID: "two" });
    await bench.root.removeClientIDFromOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID: "one" });
    await bench.root.removeClientIDFromOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID: "none" });
    expect(await bench.root.getOpenIDConnectProvider({ OpenIDConnectProviderArn })).toMatchObject({
      Url: "issuer.example.com/path",
      ClientIDList: ["two"],
      ThumbprintList: ["ab".repeat(20)],
      Tags: [{ Key: "team", Value: "red" }],
    });
    const ThumbprintList = ["cd".repeat(20)];
    await bench.root.updateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn, ThumbprintList });
    const { OpenIDConnectProviderList } = await bench.root.listOpenIDConnectProviders({});
    expect(OpenIDConnectProviderList).toEqual([{ Arn: OpenIDConnectProviderArn }]);
  });

  it("is of an https issuer without a query", async () => {
    for (const Url of ["issuer.example.com", "http://issuer.example.com", "https://issuer.example.com?a=b"]) {
      const error = await errorOf(bench.root.createOpenIDConnectProvider({ Url }));
      expect([Url, error.name]).toEqual([Url, "InvalidInputException"]);
    }
  });

  it("is governed by its tags, and belongs to its account", async () => {
    const { iam } = await bench.userWho("keeper", {
      Effect: "Allow",
      Action: "iam:*OpenIDConnectProvider*",
      Resource: "*",
      Condition: { StringEquals: { "aws:ResourceTag/team": "red" } },
    });
    await iam.getOpenIDConnectProvider({ OpenIDConnectProviderArn });
    await bench.root.untagOpenIDConnectProvider({ OpenIDConnectProviderArn, TagKeys: ["team"] });
    expect((await errorOf(iam.getOpenIDConnectProvider({ OpenIDConnectProviderArn }))).name).toBe(
      "AccessDenied",
    );
    const Tags = [{ Key: "a", Value: "1" }];
    await bench.root.tagOpenIDConnectProvider({ OpenIDConnectProviderArn, Tags });
    expect((await bench.root.listOpenIDConnectProviderTags({ OpenIDConnectProviderArn })).Tags).toEqual(Tags);
    const foreign = OpenIDConnectProviderArn.replace(account, "111122223333");
    const reading = bench.root.getOpenIDConnectProvider({ OpenIDConnectProviderArn: foreign });
    expect((await errorOf(reading)).name).toBe("AccessDenied");
  });

  it("is gone after its deletion, which may be repeated", async () => {
    await bench.root.deleteOpenIDConnectProvider({ OpenIDConnectProviderArn });
    await bench.root.deleteOpenIDConnectProvider({ OpenIDConnectProviderArn });
    expect(await errorOf(bench.root.getOpenIDConnectProvider({ OpenIDConnectProviderArn }))).toMatchObject({
      name: "NoSuchEntityException",
      message: `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
    });
  });
});

describe("a SAML provider", () => {
  const SAMLProviderArn = `arn:aws:iam::${account}:saml-provider/corp`;
  let certificate: string;
  beforeAll(async () => {
    ({ certificate } = await newIdp());
  });
  const metadata = (entityID: string, body = certificate) => metadataOf(entityID, body);

  it("is made from metadata, which it gives back", async () => {
    const SAMLMetadataDocument = metadata("https://idp.example.com");
    const made = await bench.root.createSAMLProvider({ Name: "corp", SAMLMetadataDocument });
    expect(made.SAMLProviderArn).toBe(SAMLProviderArn);
    const again = bench.root.createSAMLProvider({ Name: "corp", SAMLMetadataDocument });
    expect((await errorOf(again)).name).toBe("EntityAlreadyExistsException");
    expect((await bench.root.getSAMLProvider({ SAMLProviderArn })).SAMLMetadataDocument).toBe(
      SAMLMetadataDocument,
    );
    const other = metadata("https://other.example.com");
    await bench.root.updateSAMLProvider({ SAMLProviderArn, SAMLMetadataDocument: other });
    expect((await bench.root.getSAMLProvider({ SAMLProviderArn })).SAMLMetadataDocument).toBe(other);
    const { SAMLProviderList } = await bench.root.listSAMLProviders({});
    expect(SAMLProviderList?.map(({ Arn }) => Arn)).toEqual([SAMLProviderArn]);
  });

  it("is not made from what is no metadata", async () => {
    const documents = [
      "x".repeat(1000),
      metadata("https://idp.example.com", "bm90IGEgY2VydGlmaWNhdGU="),
      `<!DOCTYPE a [<!ENTITY e "x">]>${metadata("https://idp.example.com")}`,
    ];
    for (const SAMLMetadataDocument of documents) {
      const making = bench.root.createSAMLProvider({ Name: "bad", SAMLMetadataDocument });
      expect((await errorOf(making)).name).toBe("InvalidInputException");
    }
  });

  it("has tags, and an end", async () => {
    const Tags = [{ Key: "team", Value: "red" }];
    await bench.root.tagSAMLProvider({ SAMLProviderArn, Tags });
    expect((await bench.root.listSAMLProviderTags({ SAMLProviderArn })).Tags).toEqual(Tags);
    await bench.root.untagSAMLProvider({ SAMLProviderArn, TagKeys: ["team"] });
    expect((await bench.root.listSAMLProviderTags({ SAMLProviderArn })).Tags).toEqual([]);
    await bench.root.deleteSAMLProvider({ SAMLProviderArn });
    expect((await errorOf(bench.root.deleteSAMLProvider({ SAMLProviderArn }))).name).toBe(
      "NoSuchEntityException",
    );
  });
});
