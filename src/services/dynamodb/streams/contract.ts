import type { Operations } from "../../../../build/contracts/dynamodbstreams.d.ts";
import { serviceApi } from "../../../kit/service.ts";

export const dynamodbstreams = serviceApi<Operations>("dynamodbstreams");
