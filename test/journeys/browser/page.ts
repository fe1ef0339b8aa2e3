import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { Kinesis } from "@aws-sdk/client-kinesis";
import {
  AuthenticationDetails,
  CognitoUser,
  CognitoUserAttribute,
  CognitoUserPool,
  type CognitoUserSession,
} from "amazon-cognito-identity-js";
import { config, on, show } from "./forms.ts";

/** An app in a browser, as a developer writes it for AWS: nothing in it knows of Cloudkeep but the endpoint. */

const { endpoint, region } = config;
const pool = new CognitoUserPool({ UserPoolId: config.userPoolId, ClientId: config.clientId, endpoint });
let user: CognitoUser | undefined;
let session: CognitoUserSession | undefined;

/** The library's callbacks as a promise. */
function done<T>(act: (back: (error?: Error | null, result?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    act((error, result) => (error ? reject(error) : resolve(result as T)));
  });
}

function userNamed(Username: string): CognitoUser {
  return new CognitoUser({ Username, Pool: pool });
}

on("sign-up", async ({ email = "", password = "" }) => {
  const attributes = [new CognitoUserAttribute({ Name: "email", Value: email })];
  await done((back) => pool.signUp(email, password, attributes, [], back));
  user = userNamed(email);
  return "signed up";
});

on("confirm", async ({ code = "" }) => {
  await done((back) => user?.confirmRegistration(code, true, back));
  return "confirmed";
});

on("sign-in", async ({ email: Username = "", password: Password = "" }) => {
  user = userNamed(Username);
  const details = new AuthenticationDetails({ Username, Password });
  session = await new Promise<CognitoUserSession | undefined>((resolve, reject) => {
    user?.authenticateUser(details, {
      onSuccess: resolve,
      onFailure: reject,
      totpRequired: () => resolve(undefined),
    });
  });
  if (session === undefined) return "code wanted";
  const secret = await new Promise<string>((resolve, reject) => {
    user?.associateSoftwareToken({ associateSecretCode: resolve, onFailure: reject });
  });
  show("secret", secret);
  return "signed in, no second factor yet";
});

on("enroll", async ({ code = "" }) => {
  await new Promise((resolve, reject) => {
    user?.verifySoftwareToken(code, "phone", { onSuccess: resolve, onFailure: reject });
  });
  await done((back) => user?.setUserMfaPreference(null, { PreferredMfa: true, Enabled: true }, back));
  user?.signOut();
  return "enrolled";
});

on("prove", async ({ code = "" }) => {
  session = await new Promise<CognitoUserSession>((resolve, reject) => {
    user?.sendMFACode(code, { onSuccess: resolve, onFailure: reject }, "SOFTWARE_TOKEN_MFA");
  });
  return "signed in";
});

on("write", async ({ text = "" }) => {
  const identity = new CognitoIdentity({ endpoint, region });
  const provider = `cognito-idp.${region}.amazonaws.com/${config.userPoolId}`;
  const Logins = { [provider]: session?.getIdToken().getJwtToken() ?? "" };
  const { IdentityId } = await identity.getId({ IdentityPoolId: config.identityPoolId, Logins });
  const { Credentials } = await identity.getCredentialsForIdentity({ IdentityId, Logins });
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
  const kinesis = new Kinesis({ endpoint, region, credentials });
  const Data = new TextEncoder().encode(text);
  const { SequenceNumber } = await kinesis.putRecord({
    StreamName: config.stream,
    PartitionKey: IdentityId,
    Data,
  });
  return `written ${SequenceNumber}`;
});

show("state", "ready");
