import * as path from 'path';
import * as cdk from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** Two functions, each an asset of its own: each is published by a project of its own. */
export class ApplicationStage extends cdk.Stage {
  constructor(scope: Construct, id: string, props?: cdk.StageProps) {
    super(scope, id, props);
    const stack = new cdk.Stack(this, 'Functions');
    for (const name of ['hello', 'goodbye']) {
      new lambda.Function(stack, name, {
        functionName: `stock-${name}`,
        runtime: lambda.Runtime.NODEJS_22_X,
        handler: 'index.handler',
        code: lambda.Code.fromAsset(path.join(__dirname, '..', 'functions', name)),
      });
    }
  }
}
