import type { Operations } from "../../../build/contracts/dynamodb.d.ts";
import { serviceApi } from "../../kit/service.ts";

export const dynamodb = serviceApi<Operations>("dynamodb");
