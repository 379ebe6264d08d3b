/**
 * Regenerates every *.gen.ts from the .proto beside it. The generators are fetched by npx for this run only: they are
 * needed when a .proto changes, which is when ONNX releases a new IR version.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROTOS = ['graph/onnx/onnx', 'inputs/sentencepiece/sentencepiece'];

for (const proto of PROTOS) {
  const [source, generated] = ['proto', 'gen.ts'].map((kind) =>
    fileURLToPath(new URL(`../src/${proto}.${kind}`, import.meta.url)),
  );
  const work = mkdtempSync(join(tmpdir(), 'generate-protobuf-'));
  try {
    copyFileSync(source, join(work, basename(source)));
    writeFileSync(join(work, 'buf.yaml'), 'version: v2\n');
    writeFileSync(
      join(work, 'buf.gen.yaml'),
      'version: v2\nplugins:\n  - local: protoc-gen-es\n    out: .\n    opt: [target=ts, import_extension=none]\n',
    );
    const packages = ['@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.17.0'].flatMap((name) => ['--package', name]);
    execFileSync('npx', ['--yes', ...packages, '--', 'buf', 'generate'], { cwd: work, stdio: 'inherit' });
    copyFileSync(join(work, basename(source).replace('.proto', '_pb.ts')), generated);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
