import type { AttributeType, UserType } from "@aws-sdk/client-cognito-identity-provider";
import { shownAttributes } from "./attributes.ts";
import type { UserRow } from "./userRow.ts";

/** Users as the API shows them. */

export function attributeList(pairs: readonly (readonly [string, string])[]): AttributeType[] {
  return pairs.map(([Name, Value]) => ({ Name, Value }));
}

export function mfaOptions({ hasSmsOption }: UserRow): Pick<UserType, "MFAOptions"> {
  return hasSmsOption ? { MFAOptions: [{ DeliveryMedium: "SMS", AttributeName: "phone_number" }] } : {};
}

/** What a user has switched on, and prefers. */
export function mfaSettings({ mfa }: UserRow): {
  PreferredMfaSetting?: string;
  UserMFASettingList?: string[];
} {
  return {
    ...(mfa.preferred && { PreferredMfaSetting: mfa.preferred }),
    ...(mfa.enabled.length > 0 && { UserMFASettingList: mfa.enabled }),
  };
}

/** `names` are the attributes that are asked for; left out, all. */
export function shownUser(user: UserRow, names?: readonly string[]): UserType {
  const attributes = shownAttributes(user).filter(([name]) => names?.includes(name) ?? true);
  return {
    Username: user.username,
    Attributes: attributeList(attributes),
    UserCreateDate: new Date(user.createdMs),
    UserLastModifiedDate: new Date(user.modifiedMs),
    Enabled: user.enabled,
    UserStatus: user.status,
    ...mfaOptions(user),
  };
}
