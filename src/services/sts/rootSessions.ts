import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { RootAccessFeature } from "../../kit/ports.ts";
import { sts } from "./contract.ts";
import { issue } from "./tokens.ts";

/** Sessions of a member account's root, for one privileged task. */

const taskPolicies = "arn:aws:iam::aws:policy/root-task/";
/** What each task needs switched on in the organization. */
const tasks: ReadonlyMap<string, RootAccessFeature> = new Map([
  ["IAMAuditRootUserCredentials", "RootCredentialsManagement"],
  ["IAMCreateRootUserPassword", "RootCredentialsManagement"],
  ["IAMDeleteRootUserCredentials", "RootCredentialsManagement"],
  ["S3UnlockBucketPolicy", "RootSessions"],
  ["SQSUnlockQueuePolicy", "RootSessions"],
]);
const maxSeconds = 900;

/** The target as an account's id or as the ARN of its root. */
function accountOf(target: string): string | undefined {
  return /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(target)?.[1];
}

function rootArn(account: string): string {
  return `arn:aws:iam::${account}:root`;
}

/** The caller administers the organization that the target is a member of, and the task is switched on. */
async function checkTarget(account: string, task: string, ctx: Context): Promise<void> {
  const own = await ctx.organizations.of(ctx.account, ctx.tx);
  const target = await ctx.organizations.of(account, ctx.tx);
  const refused = (why: string) =>
    ctx.error(
      "AccessDenied",
      `User: ${ctx.caller.principal.arn} is not authorized to perform: sts:AssumeRoot on resource: ${rootArn(account)} because ${why}`,
    );
  if (own === undefined || own.id !== target?.id)
    throw refused("it is no member of the caller's organization");
  const administers =
    own.managementAccount === ctx.account || own.delegatedServices.includes("iam.amazonaws.com");
  if (!administers)
    throw refused("the caller's account is neither management account nor delegated administrator for IAM");
  if (target.managementAccount === account) throw refused("it is the management account");
  const feature = tasks.get(task) as RootAccessFeature;
  const features = await ctx.directory.rootAccessFeatures(own.id, ctx.tx);
  if (!features.includes(feature)) throw refused(`${feature} is not enabled in the organization`);
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html */
export const assumeRoot = sts.operation("AssumeRoot", {
  access: ({ TargetPrincipal, TaskPolicyArn }, ctx) => ({
    action: "sts:AssumeRoot",
    resource: rootArn(accountOf(TargetPrincipal) ?? TargetPrincipal),
    // The organization stands for the trust between the accounts: the caller's policies decide alone.
    resourceAccount: ctx.account,
    context: { "sts:TaskPolicyArn": TaskPolicyArn.arn },
  }),
  async handle({ TargetPrincipal, TaskPolicyArn, DurationSeconds = maxSeconds }, ctx) {
    const account = accountOf(TargetPrincipal);
    if (account === undefined) throw ctx.error("ValidationError", `${TargetPrincipal} is invalid`);
    const task = TaskPolicyArn.arn ?? "";
    if (!task.startsWith(taskPolicies) || !tasks.has(task.slice(taskPolicies.length)))
      throw ctx.error("ValidationError", `${task} is not a task policy`);
    await checkTarget(account, task.slice(taskPolicies.length), ctx);
    const issuedAt = ctx.clock.now();
    const { sourceIdentity } = ctx.caller.session ?? {};
    const session: Session = {
      by: "AssumeRoot",
      issuedAt,
      expiresAt: issuedAt + DurationSeconds * 1000,
      taskPolicyArn: task,
      ...(sourceIdentity !== undefined && { sourceIdentity }),
    };
    const caller: Caller = {
      principal: { kind: "root", account, arn: rootArn(account), userId: account },
      session,
    };
    ctx.event.sharedWith.add(account);
    return {
      Credentials: await issue(caller, ctx.tx),
      ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
    };
  },
});
