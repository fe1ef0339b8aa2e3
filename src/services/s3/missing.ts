/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "CreateBucketMetadataConfiguration",
  "CreateBucketMetadataTableConfiguration",
  "CreateSession",
  "DeleteBucketMetadataConfiguration",
  "DeleteBucketMetadataTableConfiguration",
  "GetBucketAbac",
  "GetBucketMetadataConfiguration",
  "GetBucketMetadataTableConfiguration",
  "GetObjectTorrent",
  "ListDirectoryBuckets",
  "PutBucketAbac",
  "RenameObject",
  "SelectObjectContent",
  "UpdateBucketMetadataInventoryTableConfiguration",
  "UpdateBucketMetadataJournalTableConfiguration",
  "WriteGetObjectResponse",
];
