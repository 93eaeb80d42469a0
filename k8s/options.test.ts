import { describe, expect, test } from 'vitest';
import { allCommands, describeCommands, flagsOf } from '../cli/completion/command-node.js';
import { buildProgram } from '../cli/program.js';
import { captureContext } from '../cli/testing/test-context.js';
import { ENVIRONMENT } from '../common/index.js';
import { containersOf, OVERLAYS, ofKind, render, workloads } from '../tests/support/manifests.js';

/** Every command, option and variable that a manifest passes is one that the program knows. */

const commands = allCommands(describeCommands(buildProgram(captureContext().context)));

/** Of what it is built on, and of the manifests themselves: those that arguments name. */
const FOREIGN = /^(AWS|OTEL|NVIDIA)_/;

/** What is wrong with arguments of `espalier`. */
function problemsOf(args: readonly string[]): readonly string[] {
  const first = args.findIndex((arg) => arg.startsWith('-'));
  const words = first < 0 ? args : args.slice(0, first);
  const command = commands.find(({ path }) => path.length > 0 && path.join(' ') === words.join(' '));
  if (command === undefined) return [`there is no command ${words.join(' ')}`];
  const options = new Map(command.options.flatMap((option) => flagsOf(option).map((flag) => [flag, option])));
  return args.slice(words.length).flatMap((arg) => {
    const [flag = '', value] = arg.split('=', 2);
    const option = options.get(flag);
    if (option === undefined) return [`${words.join(' ')} has no option ${flag}`];
    return option.takesValue === (value !== undefined) ? [] : [`${flag} and its value`];
  });
}

test('unknown options are found', () => {
  expect(problemsOf(['srs', 'fetch'])).toEqual([]);
  expect(problemsOf(['worker', '--json', '--grace=3'])).toEqual([]);
  expect(problemsOf(['worker', '--grase=3', '--grace'])).toEqual([
    'worker has no option --grase',
    '--grace and its value',
  ]);
  expect(problemsOf(['workers-all', '--json'])).toEqual(['there is no command workers-all']);
});

describe.each(OVERLAYS)('in the overlay %s', (overlay) => {
  test('every command and option is one of the program', async () => {
    const ours = workloads(await render(overlay)).flatMap(({ pod }) =>
      containersOf(pod).filter(({ image, command }) => image.includes('espalier') && command === undefined),
    );
    expect(ours.length).toBeGreaterThan(3);
    expect([...new Set(ours.flatMap(({ args = [] }) => problemsOf(args)))]).toEqual([]);
  });

  test('every variable is one that the program reads, or an argument', async () => {
    const manifests = await render(overlay);
    const unknown = workloads(manifests).flatMap(({ pod }) =>
      containersOf(pod).flatMap(({ args = [], env = [], envFrom = [] }) => {
        const maps = envFrom.flatMap(({ configMapRef }) =>
          ofKind(manifests, 'ConfigMap').filter(({ metadata }) => metadata.name === configMapRef?.name),
        );
        const names = [...env.map(({ name }) => name), ...maps.flatMap(({ data }) => Object.keys(data))];
        return names.filter(
          (name) => !(name in ENVIRONMENT) && !FOREIGN.test(name) && !args.some((arg) => arg.includes(`$(${name})`)),
        );
      }),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });
});
