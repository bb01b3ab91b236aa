import t from 'tap'
import { bytesText, millisecondsText, percentText } from '../../bin/units.js'

void t.test('bytes: whole while they are few, then KiB and MiB', t => {
  t.same([0, 1_472, 9_999, 10_000, 60_000, 1_023_000, 1_024_000, 8 * 2 ** 20].map(bytesText), [
    '0 B',
    '1472 B',
    '9999 B',
    '10 KiB',
    '59 KiB',
    '999 KiB',
    '1.0 MiB',
    '8.0 MiB',
  ])
  t.end()
})

void t.test('times: three figures, and none for what is not known', t => {
  t.same([0, 0.214, 9.994, 9.996, 99.94, 99.96, 999.4, 999.6, 1_254].map(millisecondsText), [
    '-',
    '0.21 ms',
    '9.99 ms',
    '10.0 ms',
    '99.9 ms',
    '100 ms',
    '999 ms',
    '1.00 s',
    '1.25 s',
  ])
  t.end()
})

void t.test('shares in percent', t => {
  t.same([0, 0.0004, 0.003, 0.0994, 0.0996, 0.123, 1].map(percentText), [
    ...['0 %', '0.0 %', '0.3 %', '9.9 %', '10 %', '12 %', '100 %'],
  ])
  t.end()
})
