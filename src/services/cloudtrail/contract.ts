import type { Operations } from "../../../build/contracts/cloudtrail.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const cloudtrail = serviceApi<Operations>("cloudtrail");
