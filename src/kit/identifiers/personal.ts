import {
  brazilian,
  codiceFiscale,
  digitsOf,
  germanTax,
  insee,
  luhn,
  spanishCompany,
  spanishLetter,
} from "./checks.ts";
import { type Detector, form, keywords } from "./detector.ts";
import { inseeForm } from "./health.ts";

/**
 * Personally identifiable information.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-sensitive-data-types-pii.html
 */

const monthName = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\\.?";
const year = "(?:(?:19|20)\\d{2}|\\d{2})";
const dates = [
  "(?:19|20)\\d{2}[-/ ](?:0?[1-9]|1[0-2])[-/ ](?:3[01]|[12]\\d|0?[1-9])",
  `(?:3[01]|[12]\\d|0?[1-9])[-/ ](?:1[0-2]|3[01]|[12]\\d|0?[1-9])[-/ ]${year}`,
  `(?:3[01]|[12]\\d|0?[1-9])[-/ ]${monthName}[-/, ]{1,2}${year}`,
  `${monthName}[-/ ](?:3[01]|[12]\\d|0?[1-9])[-/, ]{1,2}${year}`,
  "(?:19|20)\\d{2}(?:0[1-9]|1[0-2])(?:3[01]|[12]\\d|0[1-9])",
].join("|");

const germanDocument = "[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\\d?";
const nif = "[KLM]?\\d{7,8}-?[A-Z]";
const fiscalSpain =
  "nie,nif,número de contribuyente,número de identidad de extranjero,número de identificación fiscal,personal tax number,tax id,tax identification number,tax number,tin,tin#";

const degrees = (whole: string) => `[+-]?(?:${whole})\\.\\d{2,15}`;

export const personal: Record<string, Detector> = {
  "CepCode-BR": {
    form: form("\\d{5}-?\\d{3}"),
    keywords: keywords("cep,código de endereçamento postal,codigo de endereçamento postal"),
  },
  "Cnpj-BR": {
    form: form("\\d{2}\\.?\\d{3}\\.?\\d{3}/?\\d{4}-?\\d{2}"),
    check: (value) => brazilian(value, 14),
    keywords: keywords("cadastro nacional da pessoa jurídica,cadastro nacional da pessoa juridica,cnpj"),
  },
  "CpfCode-BR": {
    form: form("\\d{3}\\.?\\d{3}\\.?\\d{3}-?\\d{2}"),
    check: (value) => brazilian(value, 11),
    keywords: keywords(
      "cadastro de pessoas fisicas,cadastro de pessoas físicas,cadastro de pessoa física,cadastro de pessoa fisica,cpf",
    ),
  },
  DateOfBirth: {
    form: form(dates, "gi"),
    keywords: keywords("dob,date of birth,birthdate,birth date,birthday,b-day,bday"),
  },
  "ElectoralRollNumber-GB": {
    form: form("[A-Z]{1,4}\\d{1,5}", "gi"),
    keywords: keywords(
      "electoral #,electoral number,electoral roll #,electoral roll no.,electoral roll number,electoralrollno",
    ),
  },
  EmailAddress: {
    form: /(?<![A-Za-z0-9.!#$%&'*+/=?^_`{|}~-])[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,63}(?![A-Za-z0-9])/g,
  },
  "IndividualTaxIdentificationNumber-US": {
    form: form("9\\d{2}[ -]?(?:5\\d|6[0-5]|7\\d|8[0-8]|9[0-24-9])[ -]?\\d{4}"),
    keywords: keywords("individual taxpayer identification number,itin,i.t.i.n."),
  },
  "InseeCode-FR": {
    form: inseeForm,
    check: insee,
    keywords: keywords(
      "assurance sociale,carte nationale d’identité,cni,code sécurité sociale,french social security number,fssn#,insee,insurance number,national id number,nationalid#,numéro d'assurance,sécurité sociale,sécurité sociale non.,sécurité sociale numéro,social,social security,social security number,socialsecuritynumber,ss#,ssn,ssn#",
    ),
  },
  LatLong: {
    form: new RegExp(
      `(?<![\\d.])${degrees("90|[1-8]?\\d")}[ ]?,[ ]?${degrees("180|1[0-7]\\d|\\d{1,2}")}(?![\\d.])`,
      "g",
    ),
    keywords: keywords("coordinate,coordinates,lat long,latitude longitude,location,position"),
  },
  "NationalIdentificationNumber-DE": {
    form: form(germanDocument, "gi"),
    check: (value) => /\d/.test(value),
    keywords: keywords(
      "ausweisnummer,id number,identification number,identity number,insurance number,personal id,personalausweis",
    ),
  },
  "NationalIdentificationNumber-ES": {
    form: form("\\d{8}-?[A-Z]", "gi"),
    check: spanishLetter,
    keywords: keywords(
      "dni,dni#,dninúmero#,documento nacional de identidad,identidad único,identidadúnico#,insurance number,national identification number,national identity,nationalid#,nationalidno#,número nacional identidad,personal identification number,personal identity no,unique identity number,uniqueid#",
    ),
  },
  "NationalIdentificationNumber-IT": {
    form: form("[A-Z]{6}\\d{2}[A-EHLMPRST]\\d{2}[A-Z]\\d{3}[A-Z]", "gi"),
    check: codiceFiscale,
    keywords: keywords(
      "codice fiscal,dati anagrafici,ehic,health card,health insurance card,p. iva,partita i.v.a.,personal data,tax code,tessera sanitaria",
    ),
  },
  "NieNumber-ES": {
    form: form("[XYZ]-?\\d{7}-?[A-Z]", "gi"),
    check: spanishLetter,
    keywords: keywords(fiscalSpain),
  },
  "NifNumber-ES": { form: form(nif, "gi"), check: spanishLetter, keywords: keywords(fiscalSpain) },
  "PermanentResidenceNumber-CA": {
    form: form("[A-Z]{2}\\d{7,10}", "gi"),
    keywords: keywords(
      "carte résident permanent,numéro carte résident permanent,numéro résident permanent,permanent resident card,permanent resident card number,permanent resident no,permanent resident no.,permanent resident number,pr no,pr no.,pr non,pr number,résident permanent no.,résident permanent non",
    ),
  },
  "PostalCode-CA": { form: form("[ABCEGHJ-NPRSTVXY]\\d[ABCEGHJ-NPRSTV-Z][ -]?\\d[ABCEGHJ-NPRSTV-Z]\\d") },
  "RgNumber-BR": {
    form: form("\\d{1,2}\\.?\\d{3}\\.?\\d{3}-?[\\dX]", "gi"),
    keywords: keywords("registro geral,rg"),
  },
  "SocialInsuranceNumber-CA": {
    form: form("[1-79]\\d{2}[ -]?\\d{3}[ -]?\\d{3}"),
    check: luhn,
    keywords: keywords("canadian id,numéro d'assurance sociale,social insurance number,sin"),
  },
  "Ssn-ES": {
    form: form("\\d{2}[ /-]?\\d{8}[ /-]?\\d{2}"),
    check: (value) => BigInt(digitsOf(value).slice(0, 10)) % 97n === BigInt(digitsOf(value).slice(10)),
    keywords: keywords(
      "número de la seguridad social,social security no.,social security no,social security number,socialsecurityno#,ssn,ssn#",
    ),
  },
  "Ssn-US": {
    form: form("(?!000|666|9\\d\\d)\\d{3}[ -]?(?!00)\\d{2}[ -]?(?!0000)\\d{4}"),
    keywords: keywords("social security,ss#,ssn"),
  },
  "TaxId-DE": {
    form: form("[1-9]\\d[ ]?\\d{3}[ ]?\\d{3}[ ]?\\d{3}"),
    check: germanTax,
    keywords: keywords(
      "identifikationsnummer,steuer id,steueridentifikationsnummer,steuernummer,tax id,tax identification number,tax number",
    ),
  },
  "TaxId-ES": {
    form: form("[ABCDEFGHJNPQRSUVW]-?\\d{7}-?[\\dA-J]", "gi"),
    check: spanishCompany,
    keywords: keywords(`cif,cif número,cifnúmero#,número de impuesto corporativo,${fiscalSpain}`),
  },
  "TaxId-FR": {
    form: form("[0-3]\\d[ ]?\\d{2}(?:[ ]?\\d{3}){3}"),
    keywords: keywords(
      "numéro d'identification fiscale,tax id,tax identification number,tax number,tin,tin#",
    ),
  },
  "TaxId-GB": {
    form: form("\\d{5}[ ]?\\d{5}"),
    keywords: keywords(
      "paye,tax id,tax id no.,tax id number,tax identification,tax identification#,tax no.,tax number,tax reference,tax#,taxid#,temporary reference number,tin,trn,unique tax reference,unique taxpayer reference,utr",
    ),
  },
  VehicleIdentificationNumber: {
    form: form("[A-HJ-NPR-Z0-9]{13}\\d{4}", "gi"),
    check: (value) => /[A-Z]/i.test(value),
    keywords: keywords(
      "fahrgestellnummer,niv,numarul de identificare,numarul seriei de sasiu,serie sasiu,numer vin,número de identificação do veículo,número de identificación de automóviles,numéro d'identification du véhicule,vehicle identification number,vin,vin numeris",
    ),
  },
  "ZipCode-US": { form: form("\\d{5}(?:-\\d{4})?"), keywords: keywords("zip code,zip+4") },
};
