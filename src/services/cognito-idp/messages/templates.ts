import type { PoolRow } from "../pools/poolRow.ts";

/** What messages say, unless the pool says something else. */

export interface Words {
  subject: string;
  email: string;
  sms: string;
}

/** What a message is for. */
export type Purpose = "verify" | "link" | "invite" | "mfa" | "otp";

const verification = "Your confirmation code is {####}";
const authentication = "Your authentication code is {####}.";
const invitation = "Your username is {username} and temporary password is {####}.";

export function wordsOf({ settings, mfa }: PoolRow, purpose: Purpose): Words {
  const { VerificationMessageTemplate: template = {}, AdminCreateUserConfig: invite = {} } = settings;
  switch (purpose) {
    case "verify":
      return {
        subject: template.EmailSubject ?? "Your verification code",
        email: template.EmailMessage ?? verification,
        sms: template.SmsMessage ?? verification,
      };
    case "link":
      return {
        subject: template.EmailSubjectByLink ?? "Your verification link",
        email:
          template.EmailMessageByLink ??
          "Please click the link below to verify your email address. {##Verify Email##}",
        sms: template.SmsMessage ?? verification,
      };
    case "invite":
      return {
        subject: invite.InviteMessageTemplate?.EmailSubject ?? "Your temporary password",
        email: invite.InviteMessageTemplate?.EmailMessage ?? invitation,
        sms: invite.InviteMessageTemplate?.SMSMessage ?? invitation,
      };
    default:
      return {
        subject: mfa.email?.Subject ?? "Your authentication code",
        email: mfa.email?.Message ?? authentication,
        sms: settings.SmsAuthenticationMessage ?? authentication,
      };
  }
}

/** A text with what it has to tell; a text that leaves it out is the pool's own decision. */
export function filled(text: string, code: string, username: string, link?: string): string {
  const escaped = (value: string) => () => value;
  return text
    .replace(/\{##([^#]+)##\}/g, (_, words: string) => (link === undefined ? words : `${words}: ${link}`))
    .replaceAll("{####}", escaped(code))
    .replaceAll("{username}", escaped(username));
}
