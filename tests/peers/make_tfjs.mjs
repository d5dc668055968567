// Writes networks with TensorFlow.js's own code, and what they answer. Usage: make_tfjs.mjs FOLDER PACKAGES
//
// FOLDER holds images.bin; PACKAGES is a folder with node_modules.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, packages] = process.argv.slice(2);
const tf = createRequire(join(packages, 'package.json'))('@tensorflow/tfjs');

const levels = readFileSync(join(folder, 'images.bin')).subarray(0, 100 * 784);
const images = tf.tensor4d(Float32Array.from(levels, (level) => level / 255), [100, 28, 28, 1]);

async function write(name, model) {
  const answers = await model.predict(images).data();
  writeFileSync(join(folder, `${name}.answers`), Buffer.from(Float32Array.from(answers).buffer));
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    // As its own `browserDownloads` names and writes them.
    mkdirSync(join(folder, name), { recursive: true });
    const weightsManifest = [{ paths: ['./model.weights.bin'], weights: artifacts.weightSpecs }];
    const { modelTopology, format, generatedBy } = artifacts;
    writeFileSync(join(folder, name, 'model.json'), JSON.stringify({ modelTopology, format, generatedBy, weightsManifest }));
    const data = Array.isArray(artifacts.weightData) ? Buffer.concat(artifacts.weightData.map((part) => Buffer.from(part))) : Buffer.from(artifacts.weightData);
    writeFileSync(join(folder, name, 'model.weights.bin'), data);
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }));
}

// The network of tfjs-examples.
await write('tfjs-cnn', tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [28, 28, 1], kernelSize: 5, filters: 8, activation: 'relu', kernelInitializer: 'varianceScaling' }),
  tf.layers.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }),
  tf.layers.conv2d({ kernelSize: 5, filters: 16, activation: 'relu', kernelInitializer: 'varianceScaling' }),
  tf.layers.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 10, activation: 'softmax' }),
] }));
await write('tfjs-mlp', tf.sequential({ layers: [
  tf.layers.flatten({ inputShape: [28, 28, 1] }),
  tf.layers.dense({ units: 42, activation: 'sigmoid' }),
  tf.layers.batchNormalization(),
  tf.layers.dense({ units: 10, activation: 'softmax' }),
] }));
