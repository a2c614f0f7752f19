/** @file `report-child STORE`: the HTML report of a study; prints the seconds that it took, the peak resident memory and the size of the page in bytes. */
import { buildReport, renderHtml } from '@bitcliff/report';
import { openStudy } from '@bitcliff/study/node';

const start = performance.now();
const study = openStudy(process.argv[2]!);
const html = await renderHtml(buildReport(study));
study.close();
const seconds = (performance.now() - start) / 1000;
// maxRSS is in KiB on Linux
console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS * 1024, size: html.length }));
