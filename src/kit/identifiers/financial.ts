import { digitsOf, iban, luhn } from "./checks.ts";
import { type Detector, form, keywords } from "./detector.ts";

/**
 * Financial information.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-sensitive-data-types-financial.html
 */

/** Numbers that issuers keep for tests: AWS does not report them. */
const testNumbers = new Set(
  `122000000000003 2222405343248877 2222990905257051 2223007648726984 2223577120017656 30569309025904 34343434343434
  3528000700000000 3530111333300000 3566002020360505 36148900647913 36700102000000 371449635398431 378282246310005
  378734493671000 38520000023237 4012888888881881 4111111111111111 4222222222222 4444333322221111 4462030000000000
  4484070000000000 4911830000000 4917300800000000 4917610000000000 4917610000000000003 5019717010103742
  5105105105105100 5111010030175156 5185540810000019 5200828282828210 5204230080000017 5204740009900014
  5420923878724339 5454545454545454 5455330760000018 5506900490000436 5506900490000444 5506900510000234
  5506920809243667 5506922400634930 5506927427317625 5553042241984105 5555553753048194 5555555555554444
  5610591081018250 6011000990139424 6011000400000000 6011111111111117 630490017740292441 630495060000000000
  6331101999990016 6759649826438453 6799990100000000019 76009244561`.split(/\s+/),
);

/** Visa, Mastercard, American Express, Diners Club, Discover, UnionPay, JCB, Dankort, and Maestro's ranges. */
const issuers =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,13}|6(?:011|4[4-9]\d|5\d{2})\d{12,15}|62\d{14,17}|35(?:2[89]|[3-8]\d)\d{12}|5019\d{12}|(?:5[06-8]|6\d)\d{11,17})$/;

function isCardNumber(value: string): boolean {
  const digits = digitsOf(value);
  return issuers.test(digits) && luhn(digits) && !testNumbers.has(digits);
}

const cardNumber = "\\d{4}(?:[ -]?\\d){9,15}";
const cardKeywords = keywords(
  "account number,american express,amex,bank card,card,card number,card num,cc #,ccn,check card,credit,credit card#,dankort,debit,debit card,diners club,discover,electron,japanese card bureau,jcb,mastercard,mc,pan,payment account number,payment card number,pcn,union pay,visa",
);

const account = "account code,account number,accountno#,accountnumber#,bban";
const customer = "customer account id,customer account number,customer bank account id,iban";

function bankAccount(country: string, characters: number, words: string): Detector {
  return {
    form: form(`${country}\\d{2}(?:[ -]?[A-Z0-9]){${characters - 4}}`),
    check: iban,
    keywords: keywords(`${account},${customer},${words}`),
  };
}

const month = "(?:0?[1-9]|1[0-2])";
const monthName = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}";

export const financial: Record<string, Detector> = {
  "BankAccountNumber-DE": bankAccount(
    "DE",
    22,
    "bankleitzahl,geheimzahl,kartennummer,kontonummer,kreditkartennummer,sepa",
  ),
  "BankAccountNumber-ES": bankAccount(
    "ES",
    24,
    "código cuenta,código cuenta bancaria,cuenta cliente id,número cuenta bancaria cliente,número cuenta cliente",
  ),
  "BankAccountNumber-FR": bankAccount("FR", 27, "code bancaire,compte bancaire,numéro de compte"),
  "BankAccountNumber-GB": bankAccount("GB", 22, "sepa"),
  "BankAccountNumber-IT": bankAccount("IT", 27, "codice bancario,conto bancario,numero di conto"),
  "BankAccountNumber-US": {
    form: form("\\d{8,17}"),
    keywords: keywords(
      "bank account,bank acct,checking account,checking acct,deposit account,deposit acct,savings account,savings acct,chequing account,chequing acct",
    ),
  },
  CreditCardExpiration: {
    form: form(
      `${month}[ ]?[/-][ ]?(?:20)?\\d{2}|20\\d{2}-${month}|${monthName}[ .,/-]{1,2}(?:20)?\\d{2}`,
      "gi",
    ),
    keywords: keywords("exp d,exp m,exp y,expiration,expiry"),
  },
  CreditCardMagneticStripe: {
    form: /%B\d{13,19}\^[^^?\r\n]{2,26}\^\d{7}[^?\r\n]{0,60}\?|;\d{13,19}=\d{7,40}\?/g,
    check: (value) => luhn(/\d{13,19}/.exec(value)?.[0] ?? ""),
    keywords: keywords("card data,iso7813,mag,magstripe,stripe,swipe"),
  },
  CreditCardNumber: { form: form(cardNumber), check: isCardNumber, keywords: cardKeywords },
  CreditCardSecurityCode: {
    form: form("\\d{3,4}"),
    keywords: keywords(
      "card id,card identification code,card identification number,card security code,card validation code,card validation number,card verification data,card verification value,cvc,cvc2,cvv,cvv2,elo verification code",
    ),
  },
};
