import * as echarts from 'echarts';
import type { Plot, Series } from './plot.js';

const WIDTH_PX = 860;
const HEIGHT_PX = 420;

/** A plot as SVG, the same for the same rows. */
export function drawPlot(plot: Plot, series: readonly Series[]): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH_PX, height: HEIGHT_PX });
  try {
    chart.setOption(optionOf(plot, series));
    return `${titled(withoutHover(chart.renderToSVGString()), plot.title)}\n`;
  } finally {
    chart.dispose();
  }
}

/** What a screen reader says of it. */
function titled(svg: string, title: string): string {
  const text = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return svg.replace(/^<svg [^>]*>/, (tag) => `${tag}<title>${text}</title>`);
}

/** What changes under a mouse is of no use in a picture, and is numbered through all charts that a process has drawn. */
function withoutHover(svg: string): string {
  return svg
    .replaceAll(/<style >.*?<\/style>\n*/gs, '')
    .replaceAll(/ class="[^"]*"/g, '')
    .replaceAll(/zr\d+-/g, 'zr-');
}

function optionOf(plot: Plot, series: readonly Series[]): echarts.EChartsCoreOption {
  const names = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))];
  return {
    animation: false,
    backgroundColor: '#fff',
    title: { text: plot.title, left: 'center', textStyle: { fontSize: 15 } },
    legend: series.length > 1 ? { bottom: 0 } : undefined,
    grid: { left: 64, right: 24, top: 48, bottom: series.length > 1 ? 72 : 56, containLabel: false },
    xAxis: {
      name: plot.xLabel,
      nameLocation: 'middle',
      nameGap: 28,
      ...(plot.kind === 'bar'
        ? { type: 'category', data: names, axisLabel: { interval: 0, hideOverlap: false } }
        : { type: plot.scale?.x ?? 'value' }),
    },
    yAxis: { name: plot.yLabel, nameLocation: 'middle', nameGap: 48, type: plot.scale?.y ?? 'value' },
    series: series.map((one, index) => ({
      name: one.name,
      type: plot.kind,
      barMaxWidth: 48,
      data:
        plot.kind === 'bar'
          ? names.map((name) => one.points.find(({ x }) => x === name)?.y ?? null)
          : one.points.map(({ x, y }) => [Number(x), y]),
      ...(plot.limit === undefined || index > 0 ? {} : { markLine: limitLine(plot.limit) }),
    })),
  };
}

function limitLine({ value, label }: NonNullable<Plot['limit']>) {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: '#c00', type: 'dashed' },
    label: { formatter: label, position: 'insideEndTop', color: '#c00' },
    data: [{ yAxis: value }],
  };
}
