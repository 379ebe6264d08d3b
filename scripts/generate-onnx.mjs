/**
 * Regenerates src/graph/onnx/onnx.gen.ts from onnx.proto. The generators are fetched by npx for this run only: they
 * are needed when the .proto changes, which is when ONNX releases a new IR version.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../src/graph/onnx', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'generate-onnx-'));
try {
  writeFileSync(join(work, 'onnx.proto'), readFileSync(join(folder, 'onnx.proto')));
  writeFileSync(join(work, 'buf.yaml'), 'version: v2\n');
  writeFileSync(
    join(work, 'buf.gen.yaml'),
    'version: v2\nplugins:\n  - local: protoc-gen-es\n    out: .\n    opt: [target=ts, import_extension=none]\n',
  );
  const packages = ['@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.17.0'].flatMap((name) => ['--package', name]);
  execFileSync('npx', ['--yes', ...packages, '--', 'buf', 'generate'], { cwd: work, stdio: 'inherit' });
  writeFileSync(join(folder, 'onnx.gen.ts'), readFileSync(join(work, 'onnx_pb.ts')));
} finally {
  rmSync(work, { recursive: true, force: true });
}
