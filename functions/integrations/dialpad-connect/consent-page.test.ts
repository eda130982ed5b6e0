import { expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { describeInBrowser } from '#core/testing/browser.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as finishAuthorization from './finish-authorization.ts';
import * as giveConsent from './give-consent.ts';
import * as showConsent from './show-consent.ts';
import { begun } from './testing/connecting.ts';

describeInBrowser([showConsent, giveConsent, finishAuthorization], (ground) => {
  test.each([390, 1280])('leads an admin to Dialpad and back, %s px wide, with no script', async (width) => {
    setSettings({ PUBLIC_URL: ground.base });
    const acme = await aCompany('Acme Telephony and Voice Services Incorporated');
    const { appId } = await acme.app();
    const page = await ground.browser.newPage({ viewport: { width, height: 850 }, javaScriptEnabled: false });
    const troubles: string[] = [];
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    await page.goto(await begun(appId));
    expect(await page.locator('main').textContent()).toContain('Acme Telephony and Voice Services');
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/consent-${width}.png`, fullPage: true });
    await page.locator('button').click();
    await page.waitForURL(/\/callback/);
    expect(await page.locator('h1').textContent()).toBe('Dialpad is connected');
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/connected-${width}.png`, fullPage: true });
    expect(await adminSql()`select 1 from provider_connections where app_id = ${appId}`).toHaveLength(1);
    // Without JavaScript the page's own width cannot be asked for; a box that sticks out would be wider than the window.
    const box = await page.locator('main').boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    expect(troubles).toEqual([]);
    await page.close();
    setSettings({ PUBLIC_URL: 'https://api.example.com' });
  });
});
