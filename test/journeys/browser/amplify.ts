import { Kinesis } from "@aws-sdk/client-kinesis";
import { Amplify } from "aws-amplify";
import {
  confirmSignIn,
  confirmSignUp,
  fetchAuthSession,
  getCurrentUser,
  type SignInOutput,
  setUpTOTP,
  signIn,
  signInWithRedirect,
  signOut,
  signUp,
  updateMFAPreference,
  verifyTOTPSetup,
} from "aws-amplify/auth";
import { Hub } from "aws-amplify/utils";
import { config, on, show } from "./forms.ts";

/** The same app with AWS Amplify, as its documentation shows; nothing in it knows of Cloudkeep but the endpoints. */

const { endpoint, region } = config;

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: config.userPoolId,
      userPoolClientId: config.clientId,
      userPoolEndpoint: endpoint,
      identityPoolId: config.identityPoolId,
      identityPoolEndpoint: endpoint,
      loginWith: {
        oauth: {
          domain: config.domain,
          scopes: ["openid", "email", "aws.cognito.signin.user.admin"],
          redirectSignIn: [`${location.origin}/`],
          redirectSignOut: [`${location.origin}/`],
          responseType: "code",
        },
      },
    },
  },
});

let email = "";
let step: SignInOutput["nextStep"] | undefined;

/** What the page says of where a sign-in stands. */
function shown(output: SignInOutput): string {
  step = output.nextStep;
  if (step.signInStep === "CONTINUE_SIGN_IN_WITH_TOTP_SETUP")
    show("secret", step.totpSetupDetails.sharedSecret);
  return step.signInStep;
}

on("sign-up", async ({ email: username = "", password = "" }) => {
  email = username;
  const { nextStep } = await signUp({ username, password, options: { userAttributes: { email } } });
  return nextStep.signUpStep;
});

on("confirm", async ({ code: confirmationCode = "" }) => {
  const { nextStep } = await confirmSignUp({ username: email, confirmationCode });
  return nextStep.signUpStep;
});

on("sign-in", async ({ email: username = "", password = "" }) => shown(await signIn({ username, password })));

/** In the middle of a sign-in where the pool wants a second factor; else of one's own accord. */
on("enroll", async ({ code = "" }) => {
  if (step?.signInStep === "CONTINUE_SIGN_IN_WITH_TOTP_SETUP")
    return shown(await confirmSignIn({ challengeResponse: code }));
  if (code === "new") {
    const { sharedSecret } = await setUpTOTP();
    show("secret", sharedSecret);
    return "secret shown";
  }
  await verifyTOTPSetup({ code });
  await updateMFAPreference({ totp: "PREFERRED" });
  return "enrolled";
});

on("prove", async ({ code: challengeResponse = "" }) => shown(await confirmSignIn({ challengeResponse })));

on("write", async ({ text = "" }) => {
  const { credentials, identityId } = await fetchAuthSession();
  if (credentials === undefined) throw new Error("There are no credentials.");
  const kinesis = new Kinesis({ endpoint, region, credentials });
  const Data = new TextEncoder().encode(text);
  const { SequenceNumber } = await kinesis.putRecord({
    StreamName: config.stream,
    PartitionKey: identityId,
    Data,
  });
  return `written ${SequenceNumber}`;
});

on("leave", async () => {
  await signOut({ global: true });
  return "signed out";
});

on("pages", async () => {
  await signInWithRedirect();
  return "";
});

async function whoIsHere(): Promise<string> {
  try {
    const { username } = await getCurrentUser();
    const { tokens } = await fetchAuthSession();
    return `here is ${tokens?.idToken?.payload.email ?? username}`;
  } catch (error) {
    return (error as Error).name;
  }
}

Hub.listen("auth", ({ payload }) => {
  if (payload.event === "signInWithRedirect") whoIsHere().then((who) => show("state", who));
  if (payload.event === "signInWithRedirect_failure")
    show("state", String(payload.data.error?.message ?? payload.event));
});

show("state", new URLSearchParams(location.search).has("code") ? "" : await whoIsHere());
