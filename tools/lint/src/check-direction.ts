import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type IForbiddenRuleType, type IReporterOutput } from 'dependency-cruiser';
import { MAY_IMPORT } from './direction.ts';

/**
 * Check a repository's packages.
 * @param root folder with `packages/`
 * @returns one sentence per violation; empty when all is well
 */
export async function checkDirection(root: string): Promise<string[]> {
  const packages = readdirSync(join(root, 'packages')).filter((name) =>
    existsSync(join(root, 'packages', name, 'package.json')),
  );
  const unplaced = packages
    .filter((name) => MAY_IMPORT[name] === undefined)
    .map(
      (name) => `packages/${name}: no place in the dependency order, add it to tools/lint/src/direction.ts`,
    );
  return [...unplaced, ...checkManifests(root, packages), ...(await checkImports(root, packages))];
}

/** Dependencies that package.json declares on other packages of the workspace. */
function checkManifests(root: string, packages: readonly string[]): string[] {
  return packages.flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
      .filter((dependency) => dependency.startsWith('@bitcliff/'))
      .map((dependency) => dependency.slice('@bitcliff/'.length))
      .filter((dependency) => !MAY_IMPORT[name]?.includes(dependency))
      .map((dependency) => `packages/${name}/package.json: ${name} must not depend on ${dependency}`);
  });
}

/** Imports in sources, tests left out (they may use anything that is declared), and cycles between files. */
async function checkImports(root: string, packages: readonly string[]): Promise<string[]> {
  const forbidden: IForbiddenRuleType[] = packages.map((name) => {
    const allowed = [name, ...(MAY_IMPORT[name] ?? [])].join('|');
    return {
      name: `direction-${name}`,
      severity: 'error',
      from: { path: `^packages/${name}/src/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^(packages|apps|tools)/', pathNot: `^packages/(${allowed})/` },
    };
  });
  forbidden.push({ name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } });
  const result = await cruise(
    ['packages', 'apps'].filter((folder) => existsSync(join(root, folder))),
    {
      baseDir: root,
      validate: true,
      tsPreCompilationDeps: true,
      ruleSet: { forbidden },
      includeOnly: { path: '^(packages|apps|tools)/[^/]+/src/' },
      enhancedResolveOptions: {
        exportsFields: ['exports'],
        conditionNames: ['@bitcliff/source', 'import', 'node', 'default'],
        extensions: ['.ts', '.js', '.json'],
      },
    },
  );
  const { summary } = (result as IReporterOutput).output as Exclude<IReporterOutput['output'], string>;
  if (packages.length > 0 && summary.totalCruised === 0) return ['internal: no source file was read'];
  return summary.violations.map(({ rule, from, to }) =>
    rule.name === 'no-cycle'
      ? `${from}: import cycle through ${to}`
      : `${from}: must not import ${to} (${rule.name})`,
  );
}
