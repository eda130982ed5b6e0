import type { Reporter, TestModule } from 'vitest/node';

const shown = 10;
const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(6);

/** Prints the slowest files at the end of a run of many: where a suite that grows slow should be looked at first. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= shown) return;
    const files = modules.map((module) => {
      const { prepareDuration, environmentSetupDuration, setupDuration, collectDuration, duration } =
        module.diagnostic();
      const loadMs = prepareDuration + environmentSetupDuration + setupDuration + collectDuration;
      return { file: module.relativeModuleId, loadMs, testsMs: duration, project: module.project.name };
    });
    files.sort((a, b) => b.loadMs + b.testsMs - a.loadMs - a.testsMs);
    console.log(`\nThe slowest ${shown} of ${files.length} files, in seconds:\n  tests   load`);
    for (const { file, loadMs, testsMs, project } of files.slice(0, shown))
      console.log(` ${seconds(testsMs)} ${seconds(loadMs)}  ${file} (${project})`);
  }
}
