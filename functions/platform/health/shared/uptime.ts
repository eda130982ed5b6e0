import release from '../../../../package.json' with { type: 'json' };

export const version: string = release.version;

export const uptimeSeconds = (): number => Math.round(process.uptime());
