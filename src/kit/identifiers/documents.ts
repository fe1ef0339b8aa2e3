import { type Detector, form, keywords } from "./detector.ts";

/** Passports, driver's licenses and telephone numbers: each country's own form. */

const phoneWords = keywords(
  "cell,contact,fax,fax number,mobile,phone,phone number,tel,telephone,telephone number",
);
const brazilWords = keywords(
  "cel,celular,fone,móvel,número residencial,numero residencial,telefone,cell,contact,fax,mobile,phone,tel",
);

/** A number with its country's code needs no keyword; one without needs one. */
function phone(country: string, national: string, words = phoneWords): Detector {
  const gap = "[ .()-]{0,2}";
  return {
    form: new RegExp(`(?<![A-Za-z0-9+])(?:\\(?0\\)?${gap})?\\(?${national}(?![A-Za-z0-9])`, "g"),
    alone: new RegExp(
      `(?<![A-Za-z0-9+])(?:\\+|00)${country}${gap}(?:\\(0\\)${gap})?${national}(?![A-Za-z0-9])`,
      "g",
    ),
    keywords: words,
  };
}

const gap = "[ .()/-]{0,2}";
const digits = (from: number, to: number) => `[1-9](?:${gap}\\d){${from - 1},${to - 1}}`;

const english =
  "dl#,dl:,dlno#,driver licence,driver license,driver permit,drivers lic.,drivers licence,driver's licence,drivers license,driver's license,drivers permit,driver's permit,driving licence,driving license,driving permit";
const german =
  "fuehrerschein,fuehrerscheinnummer,fuhrerschein,führerschein,führerschein- nr,fuhrerscheinnummer,führerscheinnummer";

const passport = (source: string, words: string): Detector => ({
  form: form(source, "gi"),
  check: (value) => /\d/.test(value),
  keywords: keywords(words),
});

export const documents: Record<string, Detector> = {
  "DriversLicense-CA": passport(
    "[A-Z]\\d{4}-?\\d{5}-?\\d{5}|[A-Z]\\d{12,14}|\\d{5,9}|\\d{6}-\\d{3}",
    `${english},permis de conduire`,
  ),
  "DriversLicense-DE": passport("[A-Z0-9]\\d{2}[A-Z0-9]{6}\\d[A-Z0-9]", german),
  "DriversLicense-ES": passport(
    "\\d{8}-?[A-Z]",
    "carnet conducer,licencia conducer,licencia de manejo,número licencia conducer,permiso conducción,permiso conducer,permiso de conducción,permiso de conducir,carnet de conducir",
  ),
  "DriversLicense-FR": passport("\\d{2}[A-Z]{2}\\d{5}|\\d{12}", "permis de conduire"),
  "DriversLicense-GB": passport("[A-Z9]{5}\\d[0156]\\d[0-3]\\d{2}[A-Z9]{2}[A-Z0-9]{3}", english),
  "DriversLicense-IT": passport(
    "[A-Z]{2}\\d{7}[A-Z]|U1[A-Z0-9]{7}[A-Z]",
    "patente di guida,patente guida,patente di guida numero",
  ),
  "DriversLicense-US": passport(
    "[A-Z]{1,2}\\d{5,8}|[A-Z]\\d{9,14}|\\d{7,10}|\\d{12}|\\d{3}-\\d{2,3}-\\d{3,4}|[A-Z]\\d{3}(?:-\\d{3}){3}|[A-Z]\\d{4}-\\d{5}-\\d{5}",
    english,
  ),
  "PassportNumber-CA": passport("[A-Z]{2}\\d{6}", "passeport,passport,passportno"),
  "PassportNumber-DE": passport(
    "[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\\d?",
    "ausstellungsdatum,ausstellungsort,geburtsdatum,passport,reisepass",
  ),
  "PassportNumber-ES": passport("[A-Z]{2,3}\\d{6}[A-Z]?", "libreta pasaporte,pasaporte,passport"),
  "PassportNumber-FR": passport("\\d{2}[A-Z]{2}\\d{5}", "numéro de passeport,passeport"),
  "PassportNumber-GB": passport("\\d{9}", "passeport,passport"),
  "PassportNumber-IT": passport(
    "[A-Z]{2}\\d{7}",
    "italian passport number,numéro passeport,passaporto,passport number",
  ),
  "PassportNumber-US": passport("\\d{9}|[A-Z]\\d{8}", "passport,travel document"),
  "PhoneNumber-BR": phone("55", digits(10, 11), brazilWords),
  "PhoneNumber-DE": phone("49", digits(6, 11)),
  "PhoneNumber-ES": phone("34", `[6-9](?:${gap}\\d){8}`),
  "PhoneNumber-FR": phone("33", digits(9, 9)),
  "PhoneNumber-GB": phone("44", digits(9, 10)),
  "PhoneNumber-IT": phone("39", `[03](?:${gap}\\d){5,10}`),
  "PhoneNumber-US": phone("1", `[2-9]\\d{2}${gap}[2-9]\\d{2}${gap}\\d{4}`),
};
