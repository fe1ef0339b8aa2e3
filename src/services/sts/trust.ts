/** Stands in for the trust policy of a role that does not exist, so that both are refused in the same words. */
export const trustsNobody =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"nobody.amazonaws.com"},"Action":"sts:AssumeRole"}]}';
