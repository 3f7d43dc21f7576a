import React from 'react';
import Layout from '@theme/Layout';

export default function Pricing() {
  return (
    <Layout title="Prices">
      <main>
        <h1>Prices</h1>
        <p>The gateway costs 289 euros. There is no monthly fee.</p>
      </main>
    </Layout>
  );
}
