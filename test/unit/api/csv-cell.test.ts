import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { csvCell } from '../../../server/api/issues-csv.js';

test('F5: no cell of the export is a formula, and none breaks its row', () => {
  expect(csvCell('=cmd|"/c calc"!A1')).toBe(`"'=cmd|""/c calc""!A1"`);
  expect(['+1', '-1', '@x', '\tx', '\rx'].map(csvCell)).toEqual([`"'+1"`, `"'-1"`, `"'@x"`, `"'\tx"`, `"'\rx"`]);
  expect(csvCell(null)).toBe('""');
  fc.assert(
    fc.property(fc.string(), (text) => {
      const cell = csvCell(text);
      expect(cell).toMatch(/^"(?![=+\-@\t\r])[^]*"$/);
      expect(cell.slice(1, -1).replaceAll('""', '')).not.toContain('"');
    }),
  );
});
