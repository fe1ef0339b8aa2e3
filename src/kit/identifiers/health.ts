import { dea, digitsOf, insee, luhn, modulo11 } from "./checks.ts";
import { type Detector, form, keywords } from "./detector.ts";

/**
 * Protected health information.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-sensitive-data-types-phi.html
 */

/** Letters of a Medicare beneficiary number: none that looks like a digit. */
const letter = "[AC-HJKMNP-RT-Y]";
const either = "[AC-HJKMNP-RT-Y0-9]";

export const inseeForm = form(
  "[12][ ]?\\d{2}[ ]?(?:0[1-9]|1[0-2]|[2-9]\\d)[ ]?(?:\\d{2}|2[AB])[ ]?\\d{3}[ ]?\\d{3}[ ]?\\d{2}",
);

const europeanCard =
  "assicurazione sanitaria numero,carta assicurazione numero,carte d’assurance maladie,carte européenne d'assurance maladie,ceam,ehic,ehic#,finlandehicnumber#,gesundheitskarte,hälsokort,health card,health card number,health insurance card,health insurance number,insurance card number,krankenversicherungskarte,krankenversicherungsnummer,medical account number,numero conto medico,numéro d’assurance maladie,numéro de carte d’assurance,numéro de compte medical,número de cuenta médica,número de seguro de salud,número de tarjeta de seguro,sairaanhoitokortin,sairausvakuutuskortti,sairausvakuutusnumero,sjukförsäkring nummer,sjukförsäkringskort,suomi ehic-numero,tarjeta de salud,terveyskortti,tessera sanitaria assicurazione numero,versicherungsnummer";

export const health: Record<string, Detector> = {
  "DrugEnforcementAgencyNumber-US": {
    form: form("[A-Z]{2}\\d{7}", "gi"),
    check: dea,
    keywords: keywords("dea number,dea registration"),
  },
  "HealthInsuranceCardNumber-EU": {
    form: form("80(?:[ -]?\\d){18}"),
    keywords: keywords(europeanCard),
  },
  "HealthInsuranceClaimNumber-US": {
    form: form("\\d{3}-?\\d{2}-?\\d{4}-?[A-Z]\\d?|[A-Z]{1,3}-?(?:\\d{6}|\\d{3}-?\\d{2}-?\\d{4})", "gi"),
    keywords: keywords("health insurance claim number,hic no,hic no.,hic number,hic#,hicn,hicn#,hicno#"),
  },
  "HealthInsuranceNumber-FR": {
    form: inseeForm,
    check: insee,
    keywords: keywords("carte d'assuré social,carte vitale,insurance card"),
  },
  "HealthcareProcedureCode-US": {
    form: form("[A-V]\\d{4}|\\d{4}[FTU]|\\d{5}", "gi"),
    keywords: keywords("current procedural terminology,hcpcs,healthcare common procedure coding system"),
  },
  "MedicareBeneficiaryNumber-US": {
    form: form(`[1-9]${letter}${either}\\d-?${letter}${either}\\d-?${letter}{2}\\d{2}`, "gi"),
    keywords: keywords("mbi,medicare beneficiary"),
  },
  "NationalDrugCode-US": {
    form: form("\\d{4}-\\d{4}-\\d{2}|\\d{5}-\\d{3}-\\d{2}|\\d{5}-\\d{4}-\\d{1,2}"),
    keywords: keywords("national drug code,ndc"),
  },
  "NationalInsuranceNumber-GB": {
    form: form(
      "(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[ -]?\\d{2}){3}[ -]?[A-D]",
      "gi",
    ),
    keywords: keywords(
      "insurance no.,insurance number,insurance#,national insurance number,nationalinsurance#,nationalinsurancenumber,nin,nino",
    ),
  },
  "NationalProviderId-US": {
    form: form("[12]\\d{9}"),
    check: (value) => luhn(`80840${value}`),
    keywords: keywords("hipaa,n.p.i.,national provider,npi"),
  },
  "NhsNumber-GB": {
    form: form("\\d{3}[ -]?\\d{3}[ -]?\\d{4}"),
    check: (value) => modulo11(digitsOf(value), [10, 9, 8, 7, 6, 5, 4, 3, 2]),
    keywords: keywords("national health service,nhs"),
  },
  "PersonalHealthNumber-CA": {
    form: form("9\\d{3}[ -]?\\d{3}[ -]?\\d{3}"),
    check: (value) => modulo11(digitsOf(value).slice(1), [2, 4, 8, 5, 10, 9, 7, 3]),
    keywords: keywords("canada healthcare number,msp number,care number,phn,soins de santé"),
  },
};
