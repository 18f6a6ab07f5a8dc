import * as cdk from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CodeBuildStep, CodePipeline, CodePipelineSource, ShellStep } from 'aws-cdk-lib/pipelines';
import { Construct } from 'constructs';
import { ApplicationStage } from './application';

export class PipelineStack extends cdk.Stack {
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);

    const uploads = Bucket.fromBucketName(this, 'Uploads', 'stock-typescript-uploads');
    const source = CodePipelineSource.s3(uploads, 'releases/source.zip');
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
