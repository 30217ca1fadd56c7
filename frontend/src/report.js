// The charts of the reports and of the value clusters. Every chart repeats a table that stands
// beside it on the page, so a reader without scripts, or with a screen reader, misses nothing.
import { BarChart, CustomChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  AriaComponent,
  BarChart,
  CustomChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
  TooltipComponent,
]);

const FONT = 'Inter, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif';
const LIGHT = {
  ink: "#4b5563",
  line: "#e5e7eb",
  panel: "#ffffff",
  series: ["#0f766e", "#c2410c", "#4f46e5", "#a16207", "#be185d", "#475569"],
};
const DARK = {
  ink: "#cbd5e1",
  line: "#334155",
  panel: "#1e293b",
  series: ["#2dd4bf", "#fb923c", "#a5b4fc", "#facc15", "#f9a8d4", "#94a3b8"],
};

const isDark = () => document.documentElement.classList.contains("dark");
const formatter = (options) =>
  new Intl.NumberFormat(document.documentElement.lang || "en", options);

function base(theme) {
  return {
    color: theme.series,
    textStyle: { fontFamily: FONT, color: theme.ink },
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    aria: { enabled: true },
    grid: { left: 8, right: 24, top: 40, bottom: 8, containLabel: true },
    // In one line: long names on a phone would otherwise stand over the drawing.
    legend: { type: "scroll", top: 0, left: 0, right: 0, textStyle: { color: theme.ink } },
    tooltip: {
      backgroundColor: theme.panel,
      borderColor: theme.line,
      textStyle: { color: theme.ink },
      confine: true,
    },
  };
}

function axes(theme, { category, value }) {
  const label = { color: theme.ink };
  const line = { lineStyle: { color: theme.line } };
  return {
    category: { type: "category", data: category, axisLabel: label, axisLine: line, axisTick: line },
    value: {
      type: "value",
      name: value,
      nameTextStyle: { color: theme.ink, align: "left" },
      axisLabel: { ...label, hideOverlap: true },
      splitLine: line,
    },
  };
}

// {kind: "bars", unit, x?, categories: [..], series: [{name, values: [..]}], digits}
function bars(data, theme) {
  const { category, value } = axes(theme, { category: data.categories, value: data.unit });
  const numbers = formatter({ maximumFractionDigits: data.digits ?? 2 });
  return {
    ...base(theme),
    tooltip: { ...base(theme).tooltip, trigger: "axis", valueFormatter: (v) => numbers.format(v) },
    grid: { ...base(theme).grid, top: 64, bottom: data.x ? 32 : 8 },
    xAxis: {
      ...category,
      name: data.x,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: theme.ink },
    },
    yAxis: { ...value, axisLabel: { ...value.axisLabel, formatter: (v) => numbers.format(v) } },
    series: data.series.map(({ name, values }) => ({
      type: "bar",
      name,
      data: values,
      barMaxWidth: 36,
    })),
  };
}

// One row per comparison: the estimate as a dot, its 95 % interval as a line with caps.
// {kind: "intervals", unit, percent, span: [from, to], rows: [{label, low, estimate, high}]}
// An interval that leaves the span ends in an arrow there; the tooltip and the table say how far.
function intervals(data, theme) {
  const { category, value } = axes(theme, {
    category: data.rows.map((row) => row.label),
    value: data.unit,
  });
  const numbers = formatter(
    data.percent
      ? { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }
      : { maximumFractionDigits: 4, signDisplay: "exceptZero" },
  );
  const span = (row) =>
    `${row.label}: ${numbers.format(row.estimate)} [${numbers.format(row.low)}, ${numbers.format(row.high)}]`;
  return {
    ...base(theme),
    legend: undefined,
    tooltip: { ...base(theme).tooltip, formatter: ({ dataIndex }) => span(data.rows[dataIndex]) },
    grid: { ...base(theme).grid, top: 8, bottom: 32 },
    xAxis: {
      ...value,
      min: Math.max(data.span[0], Math.min(0, ...data.rows.map((row) => row.low))),
      max: Math.min(data.span[1], Math.max(0, ...data.rows.map((row) => row.high))),
      name: data.unit,
      nameLocation: "middle",
      nameTextStyle: { color: theme.ink, align: "center" },
      nameGap: 28,
      axisLabel: {
        ...value.axisLabel,
        formatter: (v) => numbers.format(v),
        showMinLabel: false,
        showMaxLabel: false,
      },
    },
    yAxis: { ...category, inverse: true },
    series: [
      {
        type: "custom",
        silent: true,
        data: data.rows.map((row, index) => [row.low, row.high, index]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (params, api) => whisker(params.coordSys, api, theme.series[0]),
      },
      {
        type: "scatter",
        symbolSize: 10,
        data: data.rows.map((row, index) => [row.estimate, index]),
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          lineStyle: { color: theme.ink, type: "dashed" },
          data: [{ xAxis: 0 }],
        },
      },
    ],
  };
}

// {kind: "clusters", x, y, series: [{name, centroid: [x, y], points: [[x, y], ..]}]}
// Assets span orders of magnitude: their axis is logarithmic, and below one counts as one.
function clusters(data, theme) {
  const { value } = axes(theme, { category: [], value: data.x });
  const numbers = formatter({ maximumFractionDigits: 0 });
  const shown = ([x, y]) => [x, Math.max(1, y)];
  const axis = { ...value, axisLabel: { ...value.axisLabel, formatter: (v) => numbers.format(v) } };
  return {
    ...base(theme),
    tooltip: {
      ...base(theme).tooltip,
      formatter: ({ seriesName, value: [x, y] }) =>
        `${seriesName}: ${numbers.format(x)} · ${numbers.format(y)}`,
    },
    grid: { ...base(theme).grid, top: 72, bottom: 32 },
    // Days are whole: between two of them stands no mark that would be told as either.
    xAxis: {
      ...axis,
      minInterval: 1,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: theme.ink },
    },
    yAxis: { ...axis, type: "log", min: 1, name: data.y },
    series: data.series.map(({ name, centroid, points }) => ({
      type: "scatter",
      name,
      symbolSize: 6,
      itemStyle: { opacity: 0.55 },
      data: [
        ...points.map(shown),
        {
          value: shown(centroid),
          symbol: "diamond",
          symbolSize: 18,
          itemStyle: { opacity: 1, borderColor: theme.ink, borderWidth: 1.5 },
        },
      ],
    })),
  };
}

function whisker({ x, width }, api, stroke) {
  const index = api.value(2);
  const [start, y] = api.coord([api.value(0), index]);
  const [end] = api.coord([api.value(1), index]);
  const left = Math.max(start, x);
  const right = Math.min(end, x + width);
  const cap = 5;
  const stroked = (points) => ({
    type: "polyline",
    shape: { points },
    style: { stroke, lineWidth: 2, fill: "none" },
  });
  const close = (at, isCut, inward) =>
    isCut
      ? [[at + inward * cap, y - cap], [at, y], [at + inward * cap, y + cap]]
      : [[at, y - cap], [at, y + cap]];
  return {
    type: "group",
    children: [
      stroked([[left, y], [right, y]]),
      stroked(close(left, start < left, 1)),
      stroked(close(right, end > right, -1)),
    ],
  };
}

const KINDS = { bars, clusters, intervals };

function draw(element) {
  const data = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const chart = echarts.init(element, null, { renderer: "svg" });
  const paint = () => chart.setOption(KINDS[data.kind](data, isDark() ? DARK : LIGHT), true);
  paint();
  new ResizeObserver(() => chart.resize()).observe(element);
  new MutationObserver(paint).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["class"],
  });
}

document.querySelectorAll("[data-chart]").forEach(draw);
