export { type App, appExists, companyExists, findApp, ofApp, ofCompany } from './shared/app-store.ts';
