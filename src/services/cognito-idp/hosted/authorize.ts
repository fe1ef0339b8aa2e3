import { signedIn } from "./browserSessions.ts";
import { finish } from "./finish.ts";
import { redirect } from "./html.ts";
import { oauthRequest, Told } from "./oauthRequest.ts";
import { linkTo } from "./views.ts";
import type { Answer, Visit } from "./visit.ts";

/** Where apps send their users. https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html */
export async function authorize(visit: Visit): Promise<Answer> {
  const request = await oauthRequest(visit);
  const prompts = (visit.query.get("prompt") ?? "").split(" ");
  const known = prompts.includes("login") ? undefined : await signedIn(visit);
  if (known !== undefined) return await finish(visit, request, known);
  if (prompts.includes("none")) throw new Told("login_required", request, "login_required");
  return redirect(linkTo(visit, "/login"));
}
