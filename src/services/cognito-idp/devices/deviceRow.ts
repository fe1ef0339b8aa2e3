export interface DeviceRow {
  deviceKey: string;
  name?: string;
  /** Base64 of the client's own SRP verifier and salt; none until it is confirmed. */
  verifier?: { salt: string; verifier: string };
  isRemembered: boolean;
  lastIp: string;
  createdMs: number;
  modifiedMs: number;
  authenticatedMs: number;
}
