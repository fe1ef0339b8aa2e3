import type { Operations } from "../../../build/contracts/events.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const events = serviceApi<Operations>("events");
