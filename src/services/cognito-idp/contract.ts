import type { Operations } from "../../../build/contracts/cognito-idp.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const idp = serviceApi<Operations>("cognito-idp");
