import type { Operations } from "../../../build/contracts/kms.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const kms = serviceApi<Operations>("kms");
