import type { Operations } from "../../../build/contracts/cognito-identity.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const identity = serviceApi<Operations>("cognito-identity");
