import './webview.css';
import type { ReportApi, ReportHostApi } from '../src/protocol/report';
import { client, serve } from '../src/rpc';
import { Report } from './elements/report';
import { connectToHost } from './logic/host-link';

const api = acquireVsCodeApi();
const connection = connectToHost(api);
const host = client<ReportHostApi>(connection);
const report = document.body.appendChild(new Report());
report.host = host;
serve<ReportApi>(connection, {
  update: async (state) => {
    api.setState(state.question);
    report.show(state);
  },
});
connection.listen();
void host.ready({}).then((state) => report.show(state));
