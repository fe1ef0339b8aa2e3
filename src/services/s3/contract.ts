import type { Operations } from "../../../build/contracts/s3.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const s3 = serviceApi<Operations>("s3");
