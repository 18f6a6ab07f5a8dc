import * as cdk from 'aws-cdk-lib';
import { CodeBuildStep, CodePipeline, CodePipelineSource, ShellStep } from 'aws-cdk-lib/pipelines';
import { Construct } from 'constructs';
import { ApplicationStage } from './application';

export class PipelineStack extends cdk.Stack {
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);

    const source = CodePipelineSource.connection('example-org/stock-typescript', 'release', {
      connectionArn:
        'arn:aws:codeconnections:us-east-1:444444444444:connection/cccccccc-1111-4222-8333-dddddddddddd',
    });
    const version = new CodeBuildStep('Version', {
      input: source,
      commands: [
        'test -s VERSION_SUFFIX',
        'export VERSION="1.0-$(cat VERSION_SUFFIX)"',
        'mkdir -p facts',
        'echo "$VERSION" > facts/version',
      ],
      primaryOutputDirectory: 'facts',
    });
    const pipeline = new CodePipeline(this, 'Pipeline', {
      pipelineName: 'stock-typescript',
      crossAccountKeys: true,
      synth: new ShellStep('Synth', {
        input: source,
        additionalInputs: { '../facts': version },
        commands: ['test -s ../facts/version', 'npm ci', 'npm run build', 'npx cdk synth'],
      }),
    });
    const stage = new ApplicationStage(this, 'Production', {
      env: { account: '555555555555', region: 'us-east-1' },
    });
    pipeline.addStage(stage, {
      post: [
        new CodeBuildStep('Report', {
          input: source,
          env: { VERSION: version.exportedVariable('VERSION') },
          commands: ['echo "delivered $VERSION"', 'test "$VERSION" = "1.0-$(cat VERSION_SUFFIX)"'],
        }),
      ],
    });
  }
}
