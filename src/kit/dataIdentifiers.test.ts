import { describe, expect, test } from "vitest";
import {
  customIdentifier,
  find,
  identifierPrefix,
  isManagedIdentifier,
  managedIdentifiers,
  undetected,
  withoutFindings,
} from "./dataIdentifiers.ts";

function found(name: string, text: string): string[] {
  return find(text, [identifierPrefix + name]).map(({ start, end }) => text.slice(start, end));
}

/** Values are made up, with check digits that hold. */
const samples: [name: string, text: string, expected: string[]][] = [
  ["EmailAddress", "write to jane.doe+x@mail.example.com.", ["jane.doe+x@mail.example.com"]],
  ["EmailAddress", "no@tld, @nobody, a@b..com", []],
  ["IpAddress", "from 10.0.0.255 and 2001:db8::ff00:42:8329", ["10.0.0.255", "2001:db8::ff00:42:8329"]],
  ["IpAddress", "version 1.2.3.4.5, 256.1.1.1, at 12:30:45, std::vector", []],
  ["CreditCardNumber", '{"creditCard": "4539-8944-5808-6459"}', ["4539-8944-5808-6459"]],
  ["CreditCardNumber", "credit card 4539894458086458", []],
  ["CreditCardNumber", "order 4539894458086459", []],
  ["CreditCardNumber", "visa 4111111111111111", []],
  ["CreditCardSecurityCode", "cvv: 123", ["123"]],
  ["CreditCardExpiration", "expiration 04/27", ["04/27"]],
  [
    "CreditCardMagneticStripe",
    "swipe %B4539894458086459^DOE/JANE^27041010000000000?",
    ["%B4539894458086459^DOE/JANE^27041010000000000?"],
  ],
  ["BankAccountNumber-DE", "IBAN DE89 3704 0044 0532 0130 00", ["DE89 3704 0044 0532 0130 00"]],
  ["BankAccountNumber-DE", "IBAN DE88370400440532013000", []],
  ["BankAccountNumber-US", "checking account 123456789", ["123456789"]],
  [
    "AwsSecretKey",
    "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
  ],
  ["AwsSecretKey", "hash wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", []],
  [
    "PkcsPrivateKey",
    "x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y",
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"],
  ],
  [
    "OpenSshPrivateKey",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz",
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz"],
  ],
  ["Ssn-US", "ssn: 536-90-4399", ["536-90-4399"]],
  ["Ssn-US", "ssn: 000-12-3456, 666-12-3456, 536-00-4399", []],
  ["Ssn-US", "536-90-4399 is a part number", []],
  ["SocialInsuranceNumber-CA", "SIN 130 692 544", ["130 692 544"]],
  ["SocialInsuranceNumber-CA", "business 130 692 544", []],
  ["NhsNumber-GB", "NHS 943 476 5919", ["943 476 5919"]],
  ["NationalProviderId-US", "NPI 1234567893", ["1234567893"]],
  ["DrugEnforcementAgencyNumber-US", "DEA number AB1234563", ["AB1234563"]],
  ["CpfCode-BR", "cpf 529.982.247-25", ["529.982.247-25"]],
  ["Cnpj-BR", "cnpj 11.222.333/0001-81", ["11.222.333/0001-81"]],
  ["NationalIdentificationNumber-ES", "DNI 12345678Z", ["12345678Z"]],
  ["NieNumber-ES", "NIE X1234567L", ["X1234567L"]],
  ["TaxId-ES", "CIF A58818501", ["A58818501"]],
  ["TaxId-DE", "Steuer-ID 86095742719", ["86095742719"]],
  ["NationalIdentificationNumber-IT", "codice fiscale RSSMRA85T10A562S", ["RSSMRA85T10A562S"]],
  ["InseeCode-FR", "insee 1 85 05 78 006 084 91", ["1 85 05 78 006 084 91"]],
  ["Ssn-ES", "número de la seguridad social 28/12345678/40", ["28/12345678/40"]],
  ["PhoneNumber-US", "call +1 206-555-0100 now", ["+1 206-555-0100"]],
  ["PhoneNumber-US", "+1 (206) 555-2368, 206-555-2368", ["+1 (206) 555-2368"]],
  ["PhoneNumber-US", "phone: 206-555-2368", ["206-555-2368"]],
  ["PostalCode-CA", "Toronto M5V 3L9", ["M5V 3L9"]],
  ["ZipCode-US", "zip code 98101-1234", ["98101-1234"]],
  ["VehicleIdentificationNumber", "VIN 1HGCM82633A004352", ["1HGCM82633A004352"]],
  ["DateOfBirth", "born, birthday: 12 March 1980", ["12 March 1980"]],
  ["LatLong", "position 41.948614,-87.655311", ["41.948614,-87.655311"]],
  ["PassportNumber-US", "passport 123456789", ["123456789"]],
  ["DriversLicense-US", "driver's license D1234567", ["D1234567"]],
  ["Name", "Jane Doe", []],
];

describe("managed data identifiers", () => {
  test.each(samples)("%s in %j", (name, text, expected) => {
    expect(isManagedIdentifier(identifierPrefix + name)).toBe(true);
    expect(found(name, text)).toEqual(expected);
  });

  test("a keyword may stand within 30 characters before or behind", () => {
    expect(found("Ssn-US", `ssn${" ".repeat(30)}536-90-4399`)).toHaveLength(1);
    expect(found("Ssn-US", `ssn${" ".repeat(31)}536-90-4399`)).toHaveLength(0);
    expect(found("Ssn-US", `536-90-4399${" ".repeat(30)}ssn`)).toHaveLength(1);
    expect(found("Ssn-US", `536-90-4399${" ".repeat(31)}ssn`)).toHaveLength(0);
  });

  test("AWS's list", () => {
    expect(managedIdentifiers).toHaveLength(100);
    expect(new Set(managedIdentifiers).size).toBe(managedIdentifiers.length);
    expect(undetected.size).toBe(26);
    expect(isManagedIdentifier(`${identifierPrefix}ShoeSize`)).toBe(false);
  });

  test("overlapping findings are all told, and masked once", () => {
    const text = "ssn and passport 536904399!";
    const findings = find(text, [`${identifierPrefix}Ssn-US`, `${identifierPrefix}PassportNumber-US`]);
    expect(findings.map(({ identifier }) => identifier.slice(identifierPrefix.length)).sort()).toEqual([
      "PassportNumber-US",
      "Ssn-US",
    ]);
    expect(withoutFindings(text, findings, "*")).toBe("ssn and passport *********!");
    expect(withoutFindings(text, findings)).toBe("ssn and passport !");
  });

  test("texts made to be slow are gone through like others", () => {
    const hostile = [
      "a".repeat(200_000),
      "1-".repeat(100_000),
      "-----BEGIN PGP PRIVATE KEY BLOCK-----".repeat(5_000),
      "PuTTY-User-Key-File-2:".repeat(8_000),
      "ssn 5".repeat(40_000),
      "a@a.".repeat(50_000),
      "1:".repeat(100_000),
      "(0".repeat(100_000),
      "4111 ".repeat(40_000),
    ];
    for (const text of hostile) expect(find(text, managedIdentifiers).length).toBeLessThan(200_001);
  }, 30_000);
});

describe("custom data identifiers", () => {
  test("are found at characters, not bytes", async () => {
    const custom = await customIdentifier("EmployeeId", "EMP-[0-9]{4}");
    const text = "é😀 EMP-1234 ü EMP-5678";
    const findings = find(text, custom ? [custom] : []);
    expect(findings.map(({ start, end }) => text.slice(start, end))).toEqual(["EMP-1234", "EMP-5678"]);
    expect(findings[0]?.identifier).toBe("EmployeeId");
  });

  test("that are no expression are none", async () => {
    expect(await customIdentifier("Broken", "([a-z")).toBeUndefined();
  });
});
