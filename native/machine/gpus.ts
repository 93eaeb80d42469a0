export interface Gpu {
  readonly name: string;
  readonly memoryBytes: number;
}

const MEBIBYTE = 2 ** 20;

/** Output of `nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits`: a line a GPU, memory in MiB. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split('\n')
    .map((line) => /^(.+),\s*(\d+)\s*$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, name = '', mebibytes]) => ({ name: name.trim(), memoryBytes: Number(mebibytes) * MEBIBYTE }));
}
