import type { Operations } from "../../../build/contracts/scheduler.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const scheduler = serviceApi<Operations>("scheduler");
