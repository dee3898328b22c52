using System.Globalization;
using System.Net;
using System.Text;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Report;

/// <summary>The report: one HTML file that needs nothing else, no script and no network, in light and dark.</summary>
internal static class HtmlReport
{
    // A table of more columns scrolls sideways rather than break its cells into lines.
    private const int WideColumns = 6;

    private const string Introduction =
        "An order has to change two databases, and both or neither. Two-phase commit does that: each database first promises (prepares), then all are told to commit. "
        + "It is said to hold locks and to have a single point of failure; sagas are said to avoid both, for a price that is rarely shown. Here both prices are measured, on real PostgreSQL and MariaDB servers, "
        + "with real processes killed by kill -9. Every number on this page comes from this run.";

    public static string Write(IReadOnlyList<Section> sections, Machine machine)
    {
        var page = new StringBuilder();
        var split = sections.Sum(section => section.Split);
        page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
            .Append("<title>What two-phase commit costs</title><link rel=\"icon\" href=\"data:,\"><style>").Append(Style()).Append("</style></head><body><main>")
            .Append("<header><h1>What two-phase commit costs</h1><p class=\"lead\">").Append(Encode(Introduction)).Append("</p>")
            .Append($"<p class=\"badge {(split == 0 ? "good" : "bad")}\">{sections.Count.ToString(CultureInfo.InvariantCulture)} {(sections.Count == 1 ? "experiment" : "experiments")}, {Text.Count(split)} split outcomes under two-phase commit</p></header>")
            .Append("<nav aria-label=\"Experiments\"><ol>");
        foreach (var section in sections)
            page.Append(CultureInfo.InvariantCulture, $"<li value=\"{section.Number}\"><a href=\"#{section.Id}\">{Encode(section.Title)}</a></li>");
        page.Append("</ol></nav>");
        foreach (var section in sections)
            Write(page, section);
        page.Append("<section id=\"machine\"><h2>What it ran on</h2>");
        WritePairs(page, machine.Rows());
        page.Append("<p class=\"note\">Timings belong to this machine and this run; directions should hold on any. What is done is drawn from a seed, so a run can be repeated; how long it takes cannot.</p></section>");
        return page.Append("</main></body></html>\n").ToString();
    }

    private static void Write(StringBuilder page, Section section)
    {
        page.Append(CultureInfo.InvariantCulture, $"<section id=\"{section.Id}\"><h2><span class=\"number\">{section.Number}</span>{Encode(section.Title)}</h2><p class=\"question\">{Encode(section.Question)}</p>");
        page.Append("<div class=\"conclusions\"><h3>In this run</h3><ul>");
        foreach (var conclusion in section.Conclusions)
            page.Append(CultureInfo.InvariantCulture, $"<li>{Encode(conclusion)}</li>");
        page.Append("</ul></div>");
        foreach (var figure in section.Figures)
        {
            page.Append(CultureInfo.InvariantCulture, $"<figure id=\"figure-{figure.Id}\"><h3>{Encode(figure.Title)}</h3><div class=\"scroll\" tabindex=\"0\">{figure.Svg}</div><figcaption>{Encode(figure.Caption)}</figcaption></figure>");
        }

        page.Append("<details open><summary>How it was measured</summary>");
        foreach (var paragraph in section.Method)
            page.Append(CultureInfo.InvariantCulture, $"<p>{Encode(paragraph)}</p>");
        WritePairs(page, section.Parameters);
        page.Append("</details>");
        foreach (var table in section.Tables)
            Write(page, table);
        page.Append("</section>");
    }

    private static void Write(StringBuilder page, Table table)
    {
        page.Append("<details open><summary>").Append(Encode(table.Title)).Append("</summary><div class=\"scroll\" tabindex=\"0\"><table").Append(table.Columns.Count > WideColumns ? " class=\"wide\"" : "").Append("><thead><tr>");
        for (var column = 0; column < table.Columns.Count; column++)
            page.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\"{Align(table, column)}>{Encode(table.Columns[column])}</th>");
        page.Append("</tr></thead><tbody>");
        foreach (var row in table.Rows)
        {
            page.Append("<tr>");
            for (var column = 0; column < row.Count; column++)
                page.Append(CultureInfo.InvariantCulture, $"<td{Align(table, column)}>{Encode(row[column])}</td>");
            page.Append("</tr>");
        }

        page.Append("</tbody></table></div></details>");
    }

    private static void WritePairs(StringBuilder page, IEnumerable<(string Name, string Value)> pairs)
    {
        page.Append("<dl>");
        foreach (var (name, value) in pairs)
            page.Append(CultureInfo.InvariantCulture, $"<div><dt>{Encode(name)}</dt><dd>{Encode(value)}</dd></div>");
        page.Append("</dl>");
    }

    private static string Align(Table table, int column) => Cells.AreNumbers(table, column) ? " class=\"n\"" : "";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static string Style() => ChartStyle.Variables(":root") + ChartStyle.Rules +
        """
        :root{--page:#f4f6f8;--accent:#0b62a8;--good:#0f6b43;--bad:#b42318}
        @media(prefers-color-scheme:dark){:root{--page:#0f141a;--accent:#63b3ff;--good:#4fd39a;--bad:#ff8a7a}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:17px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
        main{max-width:900px;margin:0 auto;padding:32px 20px 80px}
        h1{font-size:clamp(28px,5vw,42px);line-height:1.15;margin:0 0 12px;letter-spacing:-.02em}
        h2{font-size:26px;line-height:1.25;margin:0 0 8px;display:flex;gap:14px;align-items:center}
        h3{font-size:17px;margin:0 0 8px}
        .number{flex:none;width:38px;height:38px;border-radius:50%;background:var(--accent);color:var(--panel);display:grid;place-items:center;font-size:19px}
        .lead{font-size:19px;margin:0 0 16px}.question{font-size:18px;color:var(--muted);margin:0 0 18px}.note{color:var(--muted);font-size:15px}
        .badge{display:inline-block;margin:0 0 8px;padding:5px 14px;border-radius:99px;border:1.5px solid;font-weight:600;font-size:15px}.good{color:var(--good)}.bad{color:var(--bad)}
        nav ol{display:flex;flex-wrap:wrap;gap:6px 26px;padding:0 0 0 20px;margin:14px 0 0}
        a{color:var(--accent)}
        section{background:var(--panel);border:1px solid var(--grid);border-radius:14px;padding:26px;margin-top:28px}
        .conclusions{border-left:4px solid var(--accent);padding:2px 0 2px 18px;margin:0 0 24px}
        .conclusions ul{margin:0;padding-left:18px}.conclusions li{margin:0 0 8px}
        figure{margin:0 0 28px}figcaption{color:var(--muted);font-size:15px;margin-top:6px}
        .scroll{overflow-x:auto}.chart{display:block;width:100%;min-width:620px;height:auto}
        details{border-top:1px solid var(--grid);padding:10px 0}summary{cursor:pointer;font-weight:600}
        table{border-collapse:collapse;font-size:14px;margin-top:10px;min-width:100%}
        th,td{padding:5px 10px;text-align:left;border-bottom:1px solid var(--grid);vertical-align:top}
        .wide td,.wide th{white-space:nowrap;padding:5px 8px}table:not(.wide){min-width:max(100%,600px)}
        th{color:var(--muted);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:4px 24px;margin:12px 0 0;font-size:15px}
        dt{color:var(--muted);display:inline}dt::after{content:': '}dd{display:inline;margin:0}
        @media(max-width:600px){body{font-size:16px}section{padding:18px 14px;border-radius:10px}main{padding:20px 10px 60px}}
        @media print{section{break-inside:avoid-page;border:none}}
        """;
}
