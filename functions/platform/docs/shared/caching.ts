/** Changes with a deployment only, and must then be seen soon. */
export const publicForMinutes = { 'cache-control': 'public, max-age=300' };

/** For what bears a version in its address. */
export const publicForAYear = { 'cache-control': 'public, max-age=31536000, immutable' };
