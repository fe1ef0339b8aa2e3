import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeTo } from "../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { aws, environment, hasBoto3, hasCli, python } from "./unmodified.ts";

/** Users sign up and in with the AWS CLI and with boto3, both as they are, and without any credentials. */

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const password = "Correct-horse-1";

/** What somebody has who is not known to AWS. */
function nobody(): NodeJS.ProcessEnv {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...env } = environment(cloudkeep);
  return env;
}

interface Answer {
  UserPool: { Id: string };
  UserPoolClient: { ClientId: string };
  UserConfirmed: boolean;
  AuthenticationResult: { AccessToken: string; RefreshToken: string };
  Username: string;
  Users: { Username: string; UserStatus: string }[];
  Events: { EventName: string }[];
}

async function idp(env: NodeJS.ProcessEnv, operation: string, ...args: string[]): Promise<Answer> {
  const stdout = await aws(env, "cognito-idp", operation, ...args, "--output", "json");
  return JSON.parse(stdout.trim() || "{}") as Answer;
}

async function refusal(env: NodeJS.ProcessEnv, operation: string, ...args: string[]): Promise<string> {
  return await idp(env, operation, ...args).then(
    () => "",
    (error: { stderr: string }) => error.stderr.trim(),
  );
}

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("signs a user up and in, refreshes, looks the user up and signs out", { timeout: 90_000 }, async () => {
    const root = environment(cloudkeep);
    const { UserPool } = await idp(
      root,
      "create-user-pool",
      ...["--pool-name", "people", "--auto-verified-attributes", "email"],
    );
    const { UserPoolClient } = await idp(
      root,
      "create-user-pool-client",
      ...["--user-pool-id", UserPool.Id, "--client-name", "app"],
      ...["--explicit-auth-flows", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    );
    const client = ["--client-id", UserPoolClient.ClientId];
    const ada = [...client, "--username", "ada"];
    const signUp = [...ada, "--user-attributes", "Name=email,Value=ada@example.com", "--password"];
    expect(await refusal(nobody(), "sign-up", ...signUp, "short")).toMatch(
      /\(InvalidPasswordException\) when calling the SignUp operation: Password did not conform with policy/,
    );
    expect(await idp(nobody(), "sign-up", ...signUp, password)).toMatchObject({ UserConfirmed: false });
    const signIn = [...client, "--auth-flow", "USER_PASSWORD_AUTH", "--auth-parameters"];
    const proof = `USERNAME=ada,PASSWORD=${password}`;
    expect(await refusal(nobody(), "initiate-auth", ...signIn, proof)).toContain(
      "(UserNotConfirmedException) when calling the InitiateAuth operation: User is not confirmed.",
    );
    const code = await codeTo(cloudkeep, "ada@example.com");
    await idp(nobody(), "confirm-sign-up", ...ada, "--confirmation-code", code);
    expect(
      await refusal(nobody(), "initiate-auth", ...signIn, "USERNAME=ada,PASSWORD=Wrong-horse-1"),
    ).toContain(
      "(NotAuthorizedException) when calling the InitiateAuth operation: Incorrect username or password.",
    );
    const { AuthenticationResult: first } = await idp(nobody(), "initiate-auth", ...signIn, proof);
    const refresh = [...client, "--auth-flow", "REFRESH_TOKEN_AUTH", "--auth-parameters"];
    const { AuthenticationResult: second } = await idp(
      nobody(),
      "initiate-auth",
      ...refresh,
      `REFRESH_TOKEN=${first.RefreshToken}`,
    );
    const token = ["--access-token", second.AccessToken];
    expect(await idp(nobody(), "get-user", ...token)).toMatchObject({ Username: "ada" });
    const found = await idp(
      root,
      "list-users",
      ...["--user-pool-id", UserPool.Id, "--filter", 'email ^= "ada@"'],
    );
    expect(found.Users).toMatchObject([{ Username: "ada", UserStatus: "CONFIRMED" }]);
    expect(await refusal(nobody(), "list-users", "--user-pool-id", UserPool.Id)).toMatch(/credentials/);
    await idp(nobody(), "global-sign-out", ...token);
    expect(await refusal(nobody(), "get-user", ...token)).toContain(
      "(NotAuthorizedException) when calling the GetUser operation: Access Token has been revoked",
    );
  });
});

/** Signs in by SRP with nothing but Python's own library, as clients of AWS written by hand do. */
const script = `
import base64, boto3, datetime, hashlib, hmac, json, os, sys
from botocore import UNSIGNED
from botocore.config import Config

idp = boto3.client("cognito-idp")
anyone = boto3.client("cognito-idp", config=Config(signature_version=UNSIGNED))
pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
client = idp.create_user_pool_client(UserPoolId=pool, ClientName="app", GenerateSecret=True,
    ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])["UserPoolClient"]
password = "${password}"

def secret_hash(name):
    mac = hmac.new(client["ClientSecret"].encode(), (name + client["ClientId"]).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()

for i in range(5):
    anyone.sign_up(ClientId=client["ClientId"], SecretHash=secret_hash(f"user-{i}"), Username=f"user-{i}",
        Password=password, UserAttributes=[{"Name": "email", "Value": f"user-{i}@example.com"}])
    idp.admin_confirm_sign_up(UserPoolId=pool, Username=f"user-{i}")
pages = idp.get_paginator("list_users").paginate(UserPoolId=pool, PaginationConfig={"PageSize": 2})
names = [[user["Username"] for user in page["Users"]] for page in pages]

N = int("".join(os.environ["SRP_N"].split()), 16)
g = 2
def sha(data): return hashlib.sha256(data).digest()
def pad(number):
    digits = f"{number:x}"
    digits = "0" * (len(digits) % 2) + digits
    return bytes.fromhex(("00" if digits[0] in "89abcdef" else "") + digits)
def number(data): return int.from_bytes(data, "big")

k = number(sha(pad(N) + pad(g)))
a = number(os.urandom(128))
A = pow(g, a, N)

def sign_in(name, password):
    begun = anyone.initiate_auth(ClientId=client["ClientId"], AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": name, "SRP_A": f"{A:x}", "SECRET_HASH": secret_hash(name)})
    given = begun["ChallengeParameters"]
    B, salt, block = int(given["SRP_B"], 16), int(given["SALT"], 16), base64.b64decode(given["SECRET_BLOCK"])
    u = number(sha(pad(A) + pad(B)))
    short, user = pool.split("_")[1], given["USER_ID_FOR_SRP"]
    x = number(sha(pad(salt) + sha(f"{short}{user}:{password}".encode())))
    S = pow(B - k * pow(g, x, N), a + u * x, N)
    prk = hmac.new(pad(u), pad(S), hashlib.sha256).digest()
    key = hmac.new(prk, b"Caldera Derived Key\\x01", hashlib.sha256).digest()[:16]
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now:%Y}"
    text = short.encode() + user.encode() + block + stamp.encode()
    return anyone.respond_to_auth_challenge(ClientId=client["ClientId"], ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses={"USERNAME": user, "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
            "TIMESTAMP": stamp, "SECRET_HASH": secret_hash(user),
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()})

try:
    sign_in("user-3", "Wrong-horse-1")
    refused = None
except anyone.exceptions.NotAuthorizedException as error:
    refused = str(error)
tokens = sign_in("user-3", password)["AuthenticationResult"]
me = anyone.get_user(AccessToken=tokens["AccessToken"])

identity = boto3.client("cognito-identity")
provider = f"cognito-idp.us-east-1.amazonaws.com/{pool}"
guests = identity.create_identity_pool(IdentityPoolName="app", AllowUnauthenticatedIdentities=False,
    CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": client["ClientId"]}])["IdentityPoolId"]
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": guests}}}]}
role = boto3.client("iam").create_role(RoleName="users", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
identity.set_identity_pool_roles(IdentityPoolId=guests, Roles={"authenticated": role})
stranger = boto3.client("cognito-identity", config=Config(signature_version=UNSIGNED))
logins = {provider: tokens["IdToken"]}
known = stranger.get_id(IdentityPoolId=guests, Logins=logins)["IdentityId"]
given = stranger.get_credentials_for_identity(IdentityId=known, Logins=logins)["Credentials"]
caller = boto3.client("sts", aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretKey"],
    aws_session_token=given["SessionToken"]).get_caller_identity()
json.dump({"names": names, "refused": refused, "me": me["Username"], "arn": caller["Arn"]}, sys.stdout)
`;

/** https://www.rfc-editor.org/rfc/rfc3526#section-4 */
const group3072 = `
FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD
EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F
83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B
E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510
15728E5A 8AAAC42D AD33170D 04507A33 A85521AB DF1CBA64 ECFB8504 58DBEF0A 8AEA7157 5D060C7D B3970F85 A6E1E4C7
ABF5AE8C DB0933D7 1E8C94E0 4A25619D CEE3D226 1AD2EE6B F12FFA06 D98A0864 D8760273 3EC86A64 521F2B18 177B200C
BBE11757 7A615D6C 770988C0 BAD946E2 08E24FA0 74E5AB31 43DB5BFC E0FD108E 4B82D120 A93AD2CA FFFFFFFF FFFFFFFF`;

describe.skipIf(!hasBoto3)("boto3", () => {
  it("signs users up, signs in by SRP, and takes on the role of the identity pool", {
    timeout: 90_000,
  }, async () => {
    const env = { ...environment(cloudkeep), SRP_N: group3072 };
    const seen = JSON.parse(await python(env, script)) as {
      names: string[][];
      refused: string;
      me: string;
      arn: string;
    };
    expect(seen.names.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(seen.names.flat().sort()).toEqual(["user-0", "user-1", "user-2", "user-3", "user-4"]);
    expect(seen.refused).toContain("Incorrect username or password.");
    expect(seen.me).toBe("user-3");
    expect(seen.arn).toBe("arn:aws:sts::000000000000:assumed-role/users/CognitoIdentityCredentials");
  });
});
