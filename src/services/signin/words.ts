/** Every word that the pages show: another language is another object of this shape. */

export const words = {
  language: "en",
  title: "Sign in",
  heading: "Sign in as IAM user",
  account: "Account ID or account alias",
  userName: "IAM user name",
  password: "Password",
  signIn: "Sign in",
  code: "MFA code",
  codeHeading: "Multi-factor authentication",
  codeHint: "Enter the six digits that your MFA device shows.",
  submitCode: "Submit",
  change: "Change password",
  changeHeading: "You must change your password to continue",
  oldPassword: "Old password",
  newPassword: "New password",
  again: "Retype new password",
  startOver: "Cancel and start over",
  signedIn: "Signed in",
  user: "User",
  inAccount: "Account",
  mfa: "MFA",
  mfaUsed: "used",
  mfaNotUsed: "not used",
  until: "Until",
  signOut: "Sign out",
  wrong: "Your authentication information is incorrect. Please try again.",
  incomplete: "Fill in every field.",
  different: "The new passwords are not the same.",
  expired: "This form is no longer valid. Please try again.",
  tooMany: "Too many attempts. Try again in some minutes.",
  busy: "Too many sign-ins at once. Try again in a moment.",
};

/** "2026-11-24 21:58 UTC" */
export function shownTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
