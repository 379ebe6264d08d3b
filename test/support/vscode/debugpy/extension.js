const vscode = require('vscode');

exports.activate = ({ subscriptions }) => {
  subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory('debugpy', {
      createDebugAdapterDescriptor: ({ configuration: { python, connect } }) =>
        connect
          ? new vscode.DebugAdapterServer(connect.port, connect.host)
          : new vscode.DebugAdapterExecutable(python, ['-m', 'debugpy.adapter']),
    }),
  );
};
